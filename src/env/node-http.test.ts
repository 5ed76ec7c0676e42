import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { openHttpSocket } from "./node-http.ts";

async function answerTo(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1", () => socket.write(text));
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString("latin1");
  });
  await once(socket, "close");
  return answer;
}

test("requests are answered; what is no HTTP is refused with the headers every answer has", async () => {
  const urls: (string | undefined)[] = [];
  const socket = await openHttpSocket(
    { host: "127.0.0.1", port: 0 },
    undefined,
    (request, response) => {
      urls.push(request.url);
      response.setHeader("connection", "close").end("yes");
    },
    { "x-content-type-options": "nosniff" },
  );
  expect(await answerTo(socket.port, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/yes$/);
  const refused = await answerTo(socket.port, "NONSENSE\r\n\r\n");
  expect(refused).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(refused).toContain("x-content-type-options: nosniff\r\n");
  expect(refused).toMatch(/\{"error":"bad_request","reason":"Bad Request"\}$/);
  const long = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(70_000)}\r\n\r\n`;
  expect(await answerTo(socket.port, long)).toMatch(/^HTTP\/1\.1 431 /);
  expect(urls).toEqual(["/a"]);
  await socket.close();
});

test("a busy port is an error with the system's code, and closing ends open connections", async () => {
  const place = { host: "127.0.0.1", port: 0 };
  const first = await openHttpSocket(place, undefined, () => {});
  const busy = openHttpSocket({ ...place, port: first.port }, undefined, () => {});
  await expect(busy).rejects.toMatchObject({ code: "EADDRINUSE" });
  const open = connect(first.port, "127.0.0.1");
  await once(open, "connect");
  open.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  // The connection may be reset rather than ended.
  open.on("error", () => {});
  const closed = new Promise((resolve) => open.on("close", resolve));
  await first.close();
  await closed;
});
