// The three client libraries that tests of features are run with.

import { spawnSync } from "node:child_process";
import type { Client, Got } from "./client.ts";
import { AmqplibClient } from "./client-amqplib.ts";
import { PikaClient } from "./client-pika.ts";
import { RabbitmqClient } from "./client-rabbitmq-client.ts";

const PYTHON = "/usr/bin/python3";
const hasPika = spawnSync(PYTHON, ["-c", "import pika"], { stdio: "ignore" }).status === 0;

/** Name, whether it is installed, and how to connect. */
export const clients: readonly (readonly [string, boolean, (url: string) => Promise<Client>])[] = [
  ["amqplib", true, AmqplibClient.connect],
  ["rabbitmq-client", true, RabbitmqClient.connect],
  ["pika", hasPika, (url) => PikaClient.connect(PYTHON, url)],
];

/** Gets until there is one. */
export async function getSoon(client: Client, queue: string): Promise<Got> {
  for (;;) {
    const got = await client.get(queue);
    if (got !== undefined) return got;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The same, and acknowledges it. */
export async function takeSoon(client: Client, queue: string): Promise<Got> {
  const got = await getSoon(client, queue);
  await client.ack(got);
  return got;
}

/** Answers what it was refused with. */
export function refusal(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => "no refusal",
    (error: Error) => error.message,
  );
}
