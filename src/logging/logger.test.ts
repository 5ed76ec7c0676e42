import { expect, test } from "vitest";
import { Logger, type LogLine, plainText } from "./logger.ts";

function newLogger() {
  const lines: LogLine[] = [];
  const logger = new Logger({ nowMs: () => 0 });
  const output = {
    kind: "console" as const,
    level: undefined,
    write: (line: LogLine) => void lines.push(line),
  };
  logger.addOutput(output);
  return { logger, lines, output };
}

test("levels hold in general and per category", () => {
  const { logger, lines } = newLogger();
  logger.write("debug", "node", "hidden");
  logger.write("info", "node", "shown");
  logger.setLevel("debug", "connection");
  logger.write("debug", "connection", "shown too");
  logger.setLevel("none");
  logger.write("error", "node", "hidden as well");
  expect(lines.map(({ text }) => text)).toEqual(["shown", "shown too"]);
});

test("an output may want more than the rest", () => {
  const { logger, lines } = newLogger();
  const errors: LogLine[] = [];
  logger.addOutput({ kind: "file", level: "error", write: (line) => void errors.push(line) });
  logger.write("info", "node", "a");
  logger.write("error", "node", "b");
  expect(lines).toHaveLength(2);
  expect(errors.map(({ text }) => text)).toEqual(["b"]);
});

test("the last thousand lines are kept, and asked for by number", () => {
  const { logger } = newLogger();
  for (let i = 1; i <= 1_200; i++) logger.write("info", "node", `line ${i}`);
  const all = logger.linesAfter(0, 10_000);
  expect([all.length, all[0]?.number, all.at(-1)?.number]).toEqual([1_000, 201, 1_200]);
  expect(logger.linesAfter(1_198, 10).map(({ text }) => text)).toEqual(["line 1199", "line 1200"]);
  expect(logger.linesAfter(0, 2)).toHaveLength(2);
});

test("the plain form is RabbitMQ's", () => {
  const { logger, lines } = newLogger();
  logger.write("warning", "node", "careful");
  expect(plainText(lines[0]!)).toBe("1970-01-01 00:00:00.000000+00:00 [warning] <0.0.0> careful");
});
