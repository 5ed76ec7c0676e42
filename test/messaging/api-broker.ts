// A broker in this process whose clock the test holds, with its HTTP API.

import { TestBroker } from "../../src/testing/index.ts";
import { freePort } from "../free-port.ts";

const AUTHORIZATION = `Basic ${btoa("guest:guest")}`;

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever the answer has
  readonly json: any;
}

export class ApiBroker {
  readonly broker: TestBroker;
  readonly #url: string;

  private constructor(broker: TestBroker, port: number) {
    this.broker = broker;
    this.#url = `http://127.0.0.1:${port}/api`;
  }

  static async start(): Promise<ApiBroker> {
    const port = await freePort();
    const settings = { "leveret.management.enabled": "true", "management.tcp.port": `${port}` };
    const broker = await TestBroker.start({
      settings: { ...settings, "prometheus.tcp.port": "0" },
    });
    return new ApiBroker(broker, port);
  }

  /** `path` follows /api. */
  async api(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const response = await fetch(`${this.#url}${path}`, {
      ...{ method, headers: { authorization: AUTHORIZATION } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
  }

  /** Lines of a tap, as they come; `stop` ends it. */
  async tap(query: string): Promise<{ next(): Promise<Record<string, unknown>>; stop(): void }> {
    const stopping = new AbortController();
    const response = await fetch(`${this.#url}/tap/%2F?${query}`, {
      ...{ headers: { authorization: AUTHORIZATION }, signal: stopping.signal },
    });
    if (response.status !== 200 || response.body === null) throw new Error(await response.text());
    const lines = linesOf(response.body);
    return {
      async next() {
        const { value, done } = await lines.next();
        if (done === true) throw new Error("the tap has ended");
        return JSON.parse(value) as Record<string, unknown>;
      },
      stop: () => stopping.abort(),
    };
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
}
