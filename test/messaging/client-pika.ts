// pika as the tests of features use it: a program that is told line by line what to do, and answers in lines.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Client, ConsumeOptions, Got, PublishOptions, Table } from "./client.ts";

type Answer = { readonly result: unknown } | { readonly error: string };

export class PikaClient implements Client {
  readonly writesTimestamps = true;
  readonly #program: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  /** One call at a time, in order. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(program: ChildProcess) {
    this.#program = program;
    const { stdout } = program;
    if (stdout === null) throw new Error("it has an output");
    this.#answers = createInterface(stdout)[Symbol.asyncIterator]();
  }

  static async connect(python: string, url: string): Promise<Client> {
    const script = fileURLToPath(new URL("client_pika.py", import.meta.url));
    const program = spawn(python, ["-u", script, url], { stdio: ["pipe", "pipe", "inherit"] });
    const client = new PikaClient(program);
    await client.#call("ready");
    return client;
  }

  #call(what: string, ...words: readonly unknown[]): Promise<unknown> {
    const called = this.#last.then(async () => {
      this.#program.stdin?.write(`${JSON.stringify([what, ...words])}\n`);
      const { value, done } = await this.#answers.next();
      if (done === true) throw new Error(`pika has ended at ${what}`);
      const answer = JSON.parse(value) as Answer;
      if ("error" in answer) throw new Error(answer.error);
      return answer.result;
    });
    this.#last = called.catch(() => {});
    return called;
  }

  async declareQueue(queue: string, options: Table = {}): Promise<void> {
    await this.#call("declare_queue", queue, options);
  }
  async declareExchange(exchange: string, type: string, options: Table = {}): Promise<void> {
    await this.#call("declare_exchange", exchange, type, options);
  }
  async bind(exchange: string, queue: string, key: string, options: Table = {}): Promise<void> {
    await this.#call("bind", exchange, queue, key, options);
  }
  async publish(exchange: string, key: string, body: string, options: PublishOptions = {}) {
    const answer = await this.#call("publish", exchange, key, body, options);
    return answer as "confirmed" | "nacked";
  }
  async get(queue: string): Promise<Got | undefined> {
    return ((await this.#call("get", queue)) as Got | null) ?? undefined;
  }
  async ack({ deliveryTag }: Got): Promise<void> {
    await this.#call("ack", deliveryTag);
  }
  async discard({ deliveryTag }: Got): Promise<void> {
    await this.#call("reject", deliveryTag, false);
  }
  async giveBack({ deliveryTag }: Got): Promise<void> {
    await this.#call("nack", deliveryTag);
  }
  async fail({ deliveryTag }: Got): Promise<void> {
    await this.#call("reject", deliveryTag, true);
  }
  async prefetch(count: number): Promise<void> {
    await this.#call("prefetch", count);
  }
  async consume(queue: string, tag: string, options: ConsumeOptions = {}): Promise<void> {
    await this.#call("consume", queue, tag, options);
  }
  async take(tag: string, count: number): Promise<readonly Got[]> {
    return (await this.#call("take", tag, count)) as Got[];
  }
  async cancel(tag: string): Promise<void> {
    await this.#call("cancel", tag);
  }
  async cancelled(tag: string): Promise<void> {
    await this.#call("cancelled", tag);
  }
  async closed(): Promise<string> {
    return (await this.#call("closed")) as string;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#program.once("exit", resolve));
    this.#program.stdin?.end();
    await ended;
  }
}
