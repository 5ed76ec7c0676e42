// What RabbitMQ has and this broker has not (docs/compatibility.md says why) is refused in so many words.

import { execFileSync, spawnSync } from "node:child_process";
import { connect as connectTcp } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { AUTHORIZATION, SharedBroker } from "./set-up.ts";

const program = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));
const broker = new SharedBroker("absent");

test.each(["eval 'ok.'", "remote_shell", "erlang_cookie_hash", "join_cluster rabbit@other"])(
  "rabbitmqctl %s says why it does nothing, and fails",
  (line) => {
    const args = [program("leveretctl.js"), "--data-dir", broker.folder, ...line.split(" ")];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(status).toBe(69);
    expect(stderr).toMatch(/\w+ \w+ \w+/);
  },
);

test("a client of another protocol hears which one is spoken here", async () => {
  const port = await broker.process.port("amqp");
  for (const greeting of ["\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", "AMQP\x03\x01\x00\x00"]) {
    const socket = connectTcp(port, "127.0.0.1", () => socket.write(greeting, "latin1"));
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (bytes) => {
        text += bytes.toString("latin1");
      });
      socket.on("close", () => resolve(text));
      socket.on("error", () => resolve(text));
    });
    expect(answer).toBe("AMQP\x00\x00\x09\x01");
  }
});

test("there is no scrape of Erlang's memory", async () => {
  const base = `http://127.0.0.1:${await broker.process.port("http")}`;
  const headers = { authorization: AUTHORIZATION };
  expect((await fetch(`${base}/metrics/memory-breakdown`, { headers })).status).toBe(404);
  const memory = await fetch(`${base}/api/nodes/${await nodeName(base)}/memory`, { headers });
  expect(memory.status).toBe(200);
});

async function nodeName(base: string): Promise<string> {
  const headers = { authorization: AUTHORIZATION };
  const overview = await fetch(`${base}/api/overview`, { headers });
  return ((await overview.json()) as { node: string }).node;
}

test("a file of Erlang terms is not read, and that is said", () => {
  const printed = execFileSync(process.execPath, [program("leveret.js"), "config", "check"], {
    encoding: "utf8",
    env: { ...process.env, RABBITMQ_ADVANCED_CONFIG_FILE: "/etc/rabbitmq/advanced.config" },
  });
  expect(printed).toMatch(/warning: .*ADVANCED_CONFIG_FILE/);
});
