// rabbitmqadmin's command lines answer as its version 3.10 answered in front of a RabbitMQ (recorded.json), given to our
// rabbitmqadmin, to the script that the broker serves for machines without Leveret and, where the Debian package of
// RabbitMQ is installed, to that version itself in front of this broker.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { runAdmin } from "../../../src/cli/admin/program.ts";
import { findTarget } from "../../../src/cli/ctl/terminal.ts";
import { wordsOf } from "../command-lines/run-lines.ts";
import { LeveretProcess } from "../leveret-process.ts";

interface Recorded {
  /** As sh reads them. */
  readonly arguments: string;
  readonly exitCode: number;
  readonly output: string;
}

const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const recorded: readonly Recorded[] = JSON.parse(readFileSync(beside("recorded.json"), "utf8"));
const directory = mkdtempSync(join(tmpdir(), "leveret-admin-"));
const outputFile = join(directory, "out.json");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Lines whose output differs, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "get queue=q1": "no column for properties that are empty",
  "get queue=q1 count=5": "the same",
  "list queues name durable arguments": "arguments are shown",
  "raw_json list": "fields in the order asked for",
};

function isDifferent(line: string): boolean {
  return Object.keys(DIFFERENT).some((words) => line.includes(words));
}

/** Hashes, names of files and the order of rows taken out. */
function normalised(text: string): string {
  return text
    .replaceAll(outputFile, "$OUT")
    .replace(/[\w+/]{40,}=*/g, (hash) => "#".repeat(hash.length))
    .split("\n")
    .sort()
    .join("\n");
}

/** Runs all lines, given as words, one after the other. */
type Run = (
  lines: readonly (readonly string[])[],
) => Promise<readonly Pick<Recorded, "exitCode" | "output">[]>;

async function answersOf(run: Run): Promise<readonly Recorded[]> {
  const broker = LeveretProcess.start(
    ...["--in-memory", "--amqp-port", "0", "--http-port", "0"],
    ...["--set", "leveret.node_name=rabbit@localhost"],
  );
  try {
    const port = await broker.port("http");
    const lines = recorded.map(({ arguments: line }) => wordsOf(line, outputFile) ?? []);
    const answers = await run(lines.map((words) => ["-P", String(port), ...words]));
    return answers.map((answer, i) => ({ arguments: recorded[i]!.arguments, ...answer }));
  } finally {
    await broker.kill();
  }
}

/** Without a process: only what the program does with its arguments is run. */
const runHere: Run = async (lines) => {
  const answers = [];
  for (const words of lines) {
    const printed: string[] = [];
    const print = (text: string) => void printed.push(text);
    const exitCode = await runAdmin(words, {
      terminal: { out: print, error: print, readInput: async () => "", isColoured: false },
      findTarget: (options) => findTarget(options),
    });
    answers.push({ exitCode, output: printed.join("") });
  }
  return answers;
};

const runPython =
  (script: string): Run =>
  async (lines) => {
    const child = execFileSync("python3", [beside("run_lines.py"), script], {
      encoding: "utf8",
      input: JSON.stringify(lines),
    });
    return JSON.parse(child);
  };

function expectAsRecorded(answers: readonly Recorded[]): void {
  for (const [index, { arguments: line, exitCode, output }] of answers.entries()) {
    const wanted = recorded[index]!;
    expect({ line, exitCode }).toEqual({ line, exitCode: wanted.exitCode });
    if (!isDifferent(line)) expect(normalised(output), line).toBe(normalised(wanted.output));
  }
}

test("our rabbitmqadmin", async () => {
  expectAsRecorded(await answersOf(runHere));
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

test.skipIf(!hasPython)("the script served under /cli/ (skipped without python3)", async () => {
  const script = join(directory, "served");
  const run: Run = async (lines) => {
    const port = lines[0]?.[1];
    const answer = await fetch(`http://localhost:${port}/cli/rabbitmqadmin`);
    writeFileSync(script, Buffer.from(await answer.arrayBuffer()), { mode: 0o755 });
    expect(spawnSync(script, ["--help"]).status).toBe(0);
    return runPython(script)(lines);
  };
  expectAsRecorded(await answersOf(run));
});

/** RabbitMQ's own, out of the package's plugin. */
function debianAdmin(): string | undefined {
  const library = "/usr/lib/rabbitmq/lib";
  if (!existsSync(library)) return undefined;
  for (const server of readdirSync(library)) {
    const plugins = join(library, server, "plugins");
    const plugin = existsSync(plugins)
      ? readdirSync(plugins).find((name) => /^rabbitmq_management-[\d.]+(\.ez)?$/.test(name))
      : undefined;
    if (plugin === undefined) continue;
    const inside = `priv/www/cli/rabbitmqadmin`;
    if (!plugin.endsWith(".ez")) return join(plugins, plugin, inside);
    const file = join(directory, "rabbitmqadmin");
    const unpack = `import sys,zipfile; open(sys.argv[3],'wb').write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))`;
    const member = `${plugin.slice(0, -".ez".length)}/${inside}`;
    execFileSync("python3", ["-c", unpack, join(plugins, plugin), member, file]);
    return file;
  }
  return undefined;
}

const admin = debianAdmin();

test.skipIf(admin === undefined)("RabbitMQ's own rabbitmqadmin", async () => {
  expectAsRecorded(await answersOf(runPython(admin!)));
});
