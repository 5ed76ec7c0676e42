// Runs command lines one after the other and keeps what each answered, in a form two brokers can be compared in.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Channel } from "amqplib";
import { connect } from "amqplib";

export interface Answer {
  readonly line: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a line of lines.txt demands. */
export interface CommandLine {
  readonly line: string;
  /** Why it answers differently from RabbitMQ, if it does. */
  readonly differs: string | undefined;
  /** The exit code it has here, where that is another than RabbitMQ's. */
  readonly exitCode: number | undefined;
}

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The lines of lines.txt in order. */
export function readLines(): readonly CommandLine[] {
  const found: CommandLine[] = [];
  let differs: string | undefined;
  let exitCode: number | undefined;
  for (const line of readFileSync(beside("lines.txt"), "utf8").split("\n")) {
    const note = /^## differs(?:, exits with (\d+) here)?: (.*)$/.exec(line);
    if (note !== null) {
      differs = note[2];
      exitCode = note[1] === undefined ? undefined : Number(note[1]);
    }
    if (line === "" || line.startsWith("#")) continue;
    found.push({ line, differs, exitCode });
    differs = exitCode = undefined;
  }
  return found;
}

/** Runs one line. */
export type Run = (line: string) => Promise<Answer>;

export interface Place {
  /** Where rabbitmqctl and the others lie. */
  readonly programs: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file that may be written. */
  readonly outputFile: string;
}

/** Runs all of them; a client at `amqpUrl` consumes from "consumed" from the second line on. */
export async function runLines(
  lines: readonly CommandLine[],
  amqpUrl: string,
  run: Run,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let closeClient: (() => Promise<void>) | undefined;
  try {
    for (const [index, { line }] of lines.entries()) {
      answers.push(await run(line));
      if (index === 0) closeClient = await startClient(amqpUrl);
    }
  } finally {
    await closeClient?.().catch(() => {});
  }
  return answers;
}

/** The words of a line, quotes taken off and names of files filled in; undefined when only a shell understands it. */
export function wordsOf(line: string, outputFile: string): readonly string[] | undefined {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (word === "|" || word === "<" || word === ">") return undefined;
    const text = word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double);
    words.push(text.replace("$WORLD", beside("world.json")).replace("$OUT", outputFile));
  }
  return words;
}

/** Gives a line to sh. */
export function runLine(line: string, { programs, env, outputFile }: Place): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-c", line], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...env,
        PATH: `${programs}:${process.env.PATH}`,
        WORLD: beside("world.json"),
        OUT: outputFile,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.on("close", (exitCode) => resolve({ line, exitCode: exitCode ?? -1, stdout, stderr }));
  });
}

/** Two messages taken and not acknowledged, three waiting elsewhere. */
async function startClient(url: string): Promise<() => Promise<void>> {
  const connection = await connect(`${url}shop`, {
    clientProperties: { connection_name: "till", product: "till" },
  });
  connection.on("error", () => {});
  const channel: Channel = await connection.createChannel();
  await channel.prefetch(10);
  for (let i = 0; i < 2; i++) channel.sendToQueue("consumed", Buffer.from("taken"));
  for (let i = 0; i < 3; i++) {
    channel.sendToQueue("plain", Buffer.from("waiting"), { persistent: true });
  }
  await new Promise<void>((resolve) => {
    let count = 0;
    channel.consume(
      "consumed",
      () => {
        if (++count === 2) resolve();
      },
      { consumerTag: "till-1", priority: 5 },
    );
  });
  return async () => connection.close();
}

/** What differs from run to run, colours and the wording of usage lines taken out; the order of listed rows, too. */
export function normalised(text: string, line: string): string {
  const plain = drawn(text)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    .replace(/\u001B\[\d+m/g, "")
    .replaceAll("\r\n", "\n")
    .replace(/<[\w@]*\.?\d+\.\d+\.\d+>/g, "<process>")
    .replace(/\b127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+/g, "<connection>")
    .replace(/\b(4|5|6)\.\d+\.\d+\b|\b3\.\d+\.\d+\b/g, "<version>")
    .replace(/(PID|process) '?\d+/g, "$1 <number>")
    .replace(/\b[1-6]\d{4}\b/g, "<port>")
    .replace(/(use the following ports:|connected to ports|protocols:) .*/g, "$1 …")
    .replace(/(dependencies:) .*/g, "$1 …")
    .replaceAll(beside("world.json"), "$WORLD")
    .replace(/\/tmp\/[^ "'\n]*out/g, "$OUT")
    .replace(/\nUsage\n.*/s, "\nUsage …\n")
    .replace(/[ \t]+$/gm, "");
  return /\blist_\w+/.test(line) ? inOrder(plain) : plain;
}

/** RabbitMQ frames tables with a terminal's old line drawing characters. */
function drawn(text: string): string {
  const frames: Readonly<Record<string, string>> = {
    ...{ l: "┌", q: "─", k: "┐", x: "│", t: "├", n: "┼", u: "┤", m: "└", v: "┴", j: "┘", w: "┬" },
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences switch the characters
  return text.replace(/\u001B\(0([a-z]*)\u001B\(B/g, (_, letters: string) =>
    [...letters].map((letter) => frames[letter] ?? letter).join(""),
  );
}

/** RabbitMQ lists in the order of a hash table. */
function inOrder(text: string): string {
  return text.replace(/^,/gm, "").split("\n").sort().join("\n");
}
