// A port for a server that must be told one, or that comes back to the same one.

import { createServer } from "node:net";

/** The system gives 32,768 and above to whoever takes any port, clients included; what lies below stays free meanwhile. */
const FIRST = 10_000;
const COUNT = 22_000;

/** A port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
