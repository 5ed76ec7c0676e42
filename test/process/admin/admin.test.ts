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

type Run = (line: string, port: number) => Promise<Pick<Recorded, "exitCode" | "output">>;

async function answersOf(run: Run): Promise<readonly Recorded[]> {
  const broker = LeveretProcess.start(
    ...["--in-memory", "--amqp-port", "0", "--http-port", "0"],
    ...["--set", "leveret.node_name=rabbit@localhost"],
  );
  try {
    const port = await broker.port("http");
    const answers: Recorded[] = [];
    for (const { arguments: line } of recorded) {
      answers.push({ arguments: line, ...(await run(line, port)) });
    }
    return answers;
  } finally {
    await broker.kill();
  }
}

/** A process for each line would take long: only what the program does with its arguments is run. */
const runHere: Run = async (line, port) => {
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  const words = wordsOf(line, outputFile) ?? [];
  const exitCode = await runAdmin(["-P", String(port), ...words], {
    terminal: { out: print, error: print, readInput: async () => "", isColoured: false },
    findTarget: (options) => findTarget(options),
  });
  return { exitCode, output: printed.join("") };
};

const runProgram =
  (program: string): Run =>
  async (line, port) => {
    const command = `${program} -P ${port} ${line.replace("$OUT", outputFile)} 2>&1`;
    const { stdout, status } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
    return { exitCode: status ?? -1, output: stdout };
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
  const run: Run = async (line, port) => {
    if (!existsSync(script)) {
      const answer = await fetch(`http://localhost:${port}/cli/rabbitmqadmin`);
      writeFileSync(script, Buffer.from(await answer.arrayBuffer()), { mode: 0o755 });
    }
    return runProgram(script)(line, port);
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
  expectAsRecorded(await answersOf(runProgram(`python3 ${admin}`)));
});
