// Whoever reads what the programs print may leave early (`leveretctl … | head -1`): commands end, a broker goes on.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";

const BROKEN_PIPE = 141;

function programAt(name: string): string {
  return fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
}

/** What a program says on standard error, and its exit code, when its output has no reader. */
async function endOf(program: string, ...args: string[]): Promise<[string, number | null]> {
  const child = spawn(process.execPath, [programAt(program), ...args]);
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (bytes) => {
    stderr += bytes;
  });
  const [exitCode] = await once(child, "close");
  return [stderr, exitCode];
}

test("leveretctl ends without a word", async () => {
  expect(await endOf("leveretctl", "completion", "bash")).toEqual(["", BROKEN_PIPE]);
});

test("leveret perf ends without a word; a broker serves on", async () => {
  const broker = LeveretProcess.start("--amqp-port", "0", "--http-port", "0", "--in-memory");
  try {
    const port = await broker.port("amqp");
    const perf = ["perf", "--uri", `amqp://127.0.0.1:${port}`, "--time", "30"];
    expect(await endOf("leveret", ...perf)).toEqual(["", BROKEN_PIPE]);

    broker.stopReading();
    for (let i = 0; i < 3; i++) {
      const connection = await connect({ port });
      await (await connection.createChannel()).assertQueue("q");
      await connection.close();
    }
    broker.signal("SIGTERM");
    expect([await broker.exitCode(), broker.stderr]).toEqual([0, ""]);
  } finally {
    await broker.kill();
  }
});
