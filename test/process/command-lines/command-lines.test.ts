// Hundreds of command lines answer as RabbitMQ answered them: standard output, standard error and exit code.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCtl } from "../../../src/cli/ctl/program.ts";
import type { Scope } from "../../../src/cli/ctl/verb.ts";
import { LeveretProcess } from "../leveret-process.ts";
import { type Answer, normalised, readLines, runLine, runLines, wordsOf } from "./run-lines.ts";

const programs = fileURLToPath(new URL("../../../dist/compat", import.meta.url));
const recordedFile = fileURLToPath(new URL("recorded.json", import.meta.url));
const recorded: readonly Answer[] = JSON.parse(readFileSync(recordedFile, "utf8"));
const lines = readLines();
const directory = mkdtempSync(join(tmpdir(), "leveret-lines-"));
let broker: LeveretProcess;
let answers: readonly Answer[] = [];

beforeAll(async () => {
  const dataDirectory = join(directory, "data");
  broker = LeveretProcess.start(
    ...["--data-dir", dataDirectory, "--amqp-port", "0", "--http-port", "0"],
    ...["--set", "leveret.node_name=rabbit@localhost"],
  );
  const port = await broker.port("amqp");
  const outputFile = join(directory, "out");
  const env = { ...process.env, LEVERET_DATA_DIR: dataDirectory };
  answers = await runLines(lines, `amqp://guest:guest@127.0.0.1:${port}/`, (line) => {
    const words = wordsOf(line, outputFile);
    // A process for each would take minutes; lines with a pipe are run by a shell.
    return words === undefined
      ? runLine(line, { programs, env, outputFile })
      : runHere(line, words, join(dataDirectory, "leveret.sock"));
  });
});

const scopes: Readonly<Record<string, Scope>> = {
  rabbitmqctl: "ctl",
  "rabbitmq-diagnostics": "diagnostics",
  "rabbitmq-queues": "queues",
  "rabbitmq-plugins": "plugins",
  "rabbitmq-upgrade": "upgrade",
};

/** What the program does with its arguments, without a process for it. */
async function runHere(line: string, words: readonly string[], path: string): Promise<Answer> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const [program = "", ...args] = words;
  const exitCode = await runCtl(args, {
    program,
    scope: scopes[program]!,
    findTarget: () => ({ kind: "socket", path }),
    terminal: {
      out: (text) => void stdout.push(text),
      error: (text) => void stderr.push(text),
      readInput: async () => "",
      isColoured: false,
    },
  });
  return { line, exitCode, stdout: stdout.join(""), stderr: stderr.join("") };
}

afterAll(async () => {
  await broker?.kill();
  rmSync(directory, { recursive: true, force: true });
});

test("every line of lines.txt has been recorded", () => {
  expect(recorded.map(({ line }) => line)).toEqual(lines.map(({ line }) => line));
});

test("docs/compatibility.md lists the lines that differ, with the reason", () => {
  const page = readFileSync(new URL("../../../docs/compatibility.md", import.meta.url), "utf8");
  for (const { line, differs } of lines) {
    if (differs === undefined) continue;
    expect(page).toContain(`\`${line.replaceAll("|", "\\|")}\``);
    if (differs !== "the same") expect(page).toContain(differs);
  }
});

test.each(lines.map((line, index) => [line.line, line, index] as const))("%s", (_, line, index) => {
  const wanted = recorded[index]!;
  const { exitCode, stdout, stderr } = answers[index]!;
  if (line.differs !== undefined) {
    expect(exitCode, stdout + stderr).toBe(line.exitCode ?? wanted.exitCode);
    expect(stderr === "", "standard error only when it fails").toBe(exitCode === 0);
    return;
  }
  expect({
    exitCode,
    stdout: normalised(stdout, line.line),
    stderr: normalised(stderr, line.line),
  }).toEqual({
    exitCode: wanted.exitCode,
    stdout: wanted.stdout,
    stderr: wanted.stderr,
  });
});
