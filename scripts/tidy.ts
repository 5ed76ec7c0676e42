// Checks what no compiler checks: who may import whom, what each layer must not touch, how long things may get.
// What breaks a rule of length or a ban already stands in tidy-allowed.json with its present size and may only
// shrink: `npm run tidy -- --shrink` lowers the entries to what is true now. `--strict` also finds dead files.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { plantedBugs } from "../test/simulation/planted-bugs.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ["src", "test", "bench", "scripts", "ui"];
const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 60;
/** For comments; the formatter keeps code below 100. */
const LINE_COLUMNS_MAX = 140;

/**
 * Layer by layer (folders below src/, the longest match counts): what its files may import. `env` stands for the
 * interfaces of env/ alone, `env/node` for the real world. Every layer sees itself. Tests may import anything.
 */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  env: ["lib"],
  "env/node": ["lib", "env"],
  broker: ["lib", "env"],
  store: ["lib", "env", "broker"],
  cluster: ["lib", "env", "broker"],
  config: ["lib"],
  "access-backends": ["lib", "env", "broker", "config"],
  protocols: ["lib", "env", "broker"],
  "protocols/amqp091": ["lib", "env", "broker", "protocols"],
  management: ["lib", "env", "broker"],
  perf: ["lib", "protocols/amqp091", "broker"],
  logging: ["env", "config"],
  /** The composition: it alone knows every layer. */
  server: ["*"],
  cli: ["*"],
  testing: ["*"],
  /** Files directly in src/: what a person runs or imports. */
  "": ["*"],
};

interface Ban {
  readonly pattern: RegExp;
  readonly why: string;
}

const OUTSIDE_WORLD: readonly Ban[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, why: "time comes from Clock" },
  { pattern: /\bset(Timeout|Interval|Immediate)\(/, why: "timers come from Clock or TimerWheel" },
  { pattern: /\bMath\.random\b/, why: "chance comes from Random" },
  { pattern: /\bprocess\./, why: "only env/, cli/ and main.ts know the process" },
  // Checksums are arithmetic, not the outside world.
  { pattern: /from "node:(?!stream|zlib")/, why: "Node's modules stay in env/" },
];

/** Sequences, locations and numbers hold several things in one; only few may know how. */
const PLAIN_NUMBERS: Ban = {
  pattern: /\b(sequence|location|queueNumber|exchangeNumber)\b (?:[-+*/%&^]|<<|>>>?) /,
  why: "arithmetic on the core's numbers belongs to lib/, codec/ and queue pages",
};
const MAY_RECKON = /^src\/broker\/(queue|stream)\/|\/codec\//;

/** What the files of a layer must not contain (tests excepted). */
const BANS: Readonly<Record<string, readonly Ban[]>> = {
  lib: OUTSIDE_WORLD,
  broker: OUTSIDE_WORLD,
  store: OUTSIDE_WORLD,
  cluster: OUTSIDE_WORLD,
  protocols: OUTSIDE_WORLD,
  management: OUTSIDE_WORLD,
  config: OUTSIDE_WORLD,
};

const EVERYWHERE: readonly Ban[] = [
  { pattern: /\b(TODO|FIXME|XXX)\b/, why: "left-over marker" },
  {
    pattern: /[!=]==? "(classic|quorum|stream)"/,
    why: "behaviour asks for a queue type's traits, never for its name",
  },
];
/** Where names of queue types may be compared. */
const QUEUE_TYPE_NAMES = /^src\/broker\/queue\/types\.ts$|^ui\/|^test\/|\.test\.ts$/;

/** In files headed "// hot path": nothing that allocates per call. */
const HOT_BANS: readonly Ban[] = [
  { pattern: /\b(Promise|await|async)\b/, why: "no promises on the hot path" },
  {
    // Timers are set when something is rare or late.
    pattern: /^ {4,}(?!.*setTimer\().*=> /,
    why: "no closures inside functions on the hot path",
  },
  { pattern: /\(\.\.\.|\[\.\.\./, why: "no spreading on the hot path" },
  // Unlike methods and getters that are not private: V8 calls its runtime for each, 5 ns.
  { pattern: /^ +get #/, why: "no private getters on the hot path" },
];

/** Programs and libraries: everything else in src/ must be reachable from these, from scripts or from tests. */
const ENTRIES = [
  "src/main.ts",
  "src/index.ts",
  "src/testing/index.ts",
  "src/cli/leveretctl.ts",
  "src/perf/main.ts",
  "ui/src/main.tsx",
];

interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  /** Paths of this repository. */
  readonly imports: readonly string[];
  readonly isTest: boolean;
}

interface Problem {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** For lengths: what the allow list may forgive. */
  readonly size?: { readonly key: string; readonly lines: number };
}

function main(): void {
  const sources = FOLDERS.flatMap((folder) => readFolder(folder));
  const written = sources.filter(({ path }) => !path.endsWith(".generated.ts"));
  const problems = [
    ...written.flatMap(checkImports),
    ...written.flatMap(checkBans),
    ...written.flatMap(checkLengths),
    ...checkLockFile(),
    ...checkPlantedBugs(),
    ...(process.argv.includes("--strict") ? unreachable(sources) : []),
  ];
  const allowedPath = join(root, "scripts", "tidy-allowed.json");
  const allowed: Record<string, number> = JSON.parse(readFileSync(allowedPath, "utf8"));
  const left = problems.filter(
    ({ size }) => size === undefined || size.lines > (allowed[size.key] ?? 0),
  );
  const shrunk = shrink(allowed, problems);
  if (process.argv.includes("--shrink")) {
    writeFileSync(allowedPath, `${JSON.stringify(shrunk, undefined, 2)}\n`);
  } else if (JSON.stringify(shrunk) !== JSON.stringify(allowed)) {
    console.log(
      "tidy: something got shorter; run `npx tsx scripts/tidy.ts --shrink` to keep it so",
    );
  }
  for (const { path, line, text } of left) console.log(`${path}:${line} ${text}`);
  const files = `${sources.length} files`;
  console.log(
    left.length === 0 ? `tidy: ${files}, no problem` : `tidy: ${files}, ${left.length} problems`,
  );
  process.exitCode = left.length === 0 ? 0 : 1;
}

function shrink(
  allowed: Readonly<Record<string, number>>,
  problems: readonly Problem[],
): Record<string, number> {
  const shrunk: Record<string, number> = {};
  for (const [key, lines] of Object.entries(allowed)) {
    const now = Math.max(0, ...problems.map(({ size }) => (size?.key === key ? size.lines : 0)));
    if (now > 0) shrunk[key] = Math.min(lines, now);
  }
  return shrunk;
}

function readFolder(folder: string): Source[] {
  if (!existsSync(join(root, folder))) return [];
  const sources: Source[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules") sources.push(...readFolder(path));
    } else if (/\.(ts|tsx|mjs)$/.test(path) && !path.endsWith(".d.ts")) {
      const text = readFileSync(join(root, path), "utf8");
      sources.push({
        path,
        lines: text.split("\n"),
        imports: importsOf(path, text),
        isTest: isTest(path),
      });
    }
  }
  return sources;
}

/** Tests, and what exists only for them. */
function isTest(path: string): boolean {
  const inTests = /^(test|bench|scripts)\//.test(path) || /\/(testing|fixtures?)\//.test(path);
  return inTests || /\.test\.tsx?$|\/(fixture|testing|arbitraries|test-[a-z-]+)\.ts$/.test(path);
}

function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(/(?:from|import|new URL)\s*\(?\s*"(\.[^"]*)"/g);
  return [...found].map((match) => posix.join(posix.dirname(path), match[1] as string));
}

function layerOf(path: string): string | undefined {
  if (!path.startsWith("src/")) return undefined;
  const inside = path.slice("src/".length);
  if (inside.startsWith("env/node-") || inside.startsWith("env/fake-")) return "env/node";
  const names = Object.keys(IMPORTS).filter((name) => name !== "" && inside.startsWith(`${name}/`));
  return names.sort((a, b) => b.length - a.length)[0] ?? "";
}

function checkImports({ path, imports, isTest, lines }: Source): Problem[] {
  const from = layerOf(path);
  if (from === undefined || isTest) return [];
  const may = IMPORTS[from] ?? [];
  const problems: Problem[] = [];
  for (const target of imports) {
    const to = layerOf(target);
    const isAllowed =
      to === undefined ? false : to === from || may.includes("*") || may.includes(to);
    if (isAllowed) continue;
    const name = posix.basename(target);
    const line = lines.findIndex((text) => text.includes(`/${name}"`)) + 1;
    problems.push({ path, line, text: `${from || "src"}/ must not import ${target}` });
  }
  return problems;
}

function checkBans({ path, lines, isTest }: Source): Problem[] {
  const layer = layerOf(path);
  const bans = EVERYWHERE.filter(
    ({ why }) => !(why.startsWith("behaviour") && QUEUE_TYPE_NAMES.test(path)),
  );
  const top = layer?.split("/")[0] ?? "";
  if (!isTest && layer !== "env/node") bans.push(...(BANS[top] ?? []));
  if (!isTest && /^(broker|protocols|store|management)$/.test(top) && !MAY_RECKON.test(path)) {
    bans.push(PLAIN_NUMBERS);
  }
  const isHot = lines.slice(0, 4).some((line) => line.startsWith("// hot path"));
  const constructors = isHot ? bodiesOf(lines, /^ {2}constructor\(/) : [];
  const problems: Problem[] = [];
  for (const ban of isHot ? [...bans, ...HOT_BANS] : bans) {
    const found = [...lines.entries()].filter(
      ([index, line]) =>
        ban.pattern.test(line) &&
        !isComment(line) &&
        !(HOT_BANS.includes(ban) && constructors.some(([from, to]) => index > from && index < to)),
    );
    if (path === "scripts/tidy.ts") continue;
    const size = { key: `${path}: ${ban.why}`, lines: found.length };
    for (const [index, line] of found) {
      problems.push({ path, line: index + 1, text: `${ban.why}: ${line.trim()}`, size });
    }
  }
  return problems;
}

/** First and last line of each body that a line like `opening` begins. */
function bodiesOf(lines: readonly string[], opening: RegExp): [number, number][] {
  const bodies: [number, number][] = [];
  for (const [index, line] of lines.entries()) {
    if (!opening.test(line)) continue;
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    bodies.push([index, lines.findIndex((other, at) => at > index && other === `${indent}}`)]);
  }
  return bodies;
}

function isComment(line: string): boolean {
  const isMarker = /\b(TODO|FIXME|XXX)\b/.test(line);
  return /^\s*(\/\/|\*|\/\*)/.test(line) && !isMarker;
}

function checkLengths({ path, lines, isTest }: Source): Problem[] {
  const problems: Problem[] = [];
  const count = lines.length - 1;
  if (count > FILE_LINES_MAX) {
    const size = { key: path, lines: count };
    problems.push({ path, line: 1, text: `${count} lines, at most ${FILE_LINES_MAX}`, size });
  }
  for (const [index, line] of lines.entries()) {
    // A long text can't be broken without a plus; code and comments can.
    const isText = /["'`].{60,}["'`]|https?:/.test(line);
    if (line.length > LINE_COLUMNS_MAX && !isText) {
      problems.push({ path, line: index + 1, text: `${line.length} columns` });
    }
  }
  if (!isTest) problems.push(...longFunctions(path, lines));
  return problems;
}

/**
 * Functions by their indentation, which the formatter guarantees: from the line that opens a body to the first
 * line that closes at the same depth.
 */
function longFunctions(path: string, lines: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  for (const [index, line] of lines.entries()) {
    if (!/(\)|\)\s*:\s*[^=]+|=>) \{$/.test(line)) continue;
    if (/^\s*(\} )?(if|for|while|switch|else|catch|do|try)\b/.test(line)) continue;
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    const close = lines.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    const length = close - index + 1;
    if (length <= FUNCTION_LINES_MAX) continue;
    const name = /([#\w]+)\s*(?:=|\()/.exec(line)?.[1] ?? line.trim();
    const size = { key: `${path} ${name}`, lines: length };
    const text = `${name} has ${length} lines, at most ${FUNCTION_LINES_MAX}`;
    problems.push({ path, line: index + 1, text, size });
  }
  return problems;
}

/**
 * npm leaves packages for other platforms out of the lock file when the registry it asked lacks them, and refuses
 * such a file on the next `npm ci`.
 */
function checkLockFile(): Problem[] {
  const path = "package-lock.json";
  const text = readFileSync(join(root, path), "utf8");
  const problems: Problem[] = [];
  if (text.includes('"resolved":')) {
    problems.push({ path, line: 1, text: "names a registry; set omit-lockfile-registry-resolved" });
  }
  type Package = { readonly optionalDependencies?: Readonly<Record<string, string>> };
  const packages: Readonly<Record<string, Package>> = JSON.parse(text).packages;
  for (const [at, { optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] || packages[`${at}/node_modules/${name}`]) continue;
      problems.push({ path, line: 1, text: `lacks ${name}, which ${at} may need elsewhere` });
    }
  }
  return problems;
}

/** Whoever changes the source around a planted bug hears it here, not from the suite that plants it. */
function checkPlantedBugs(): Problem[] {
  const problems: Problem[] = [];
  for (const { name, file, find } of plantedBugs) {
    const count = readFileSync(join(root, file), "utf8").split(find).length - 1;
    if (count === 1) continue;
    const text = `the planted bug "${name}" finds its place ${count} times, not once`;
    problems.push({ path: file, line: 1, text });
  }
  return problems;
}

/** Files of src/ and ui/ that nothing imports. */
function unreachable(sources: readonly Source[]): Problem[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const isEntry = ({ path }: Source) =>
    ENTRIES.includes(path) ||
    !/^(src|ui)\//.test(path) ||
    /\.test\.tsx?$|^ui\/[^/]+\.ts$/.test(path);
  const reached = new Set<string>();
  const waiting = sources.filter(isEntry);
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (reached.has(source.path)) continue;
    reached.add(source.path);
    for (const target of source.imports) {
      const next = byPath.get(target);
      if (next !== undefined) waiting.push(next);
    }
  }
  return sources
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => {
      const text = "is never imported";
      return { path, line: 1, text, size: { key: `${path} ${text}`, lines: 1 } };
    });
}

main();
