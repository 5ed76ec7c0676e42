// Looks into a data directory: checks every file's header, chooses the checkpoint, and knows what is garbage. Looking
// changes nothing; a start makes and removes files only after everything has been found readable.

import type { Clock, Disk, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { atOnce } from "../lib/slices.ts";
import {
  CheckpointBuilder,
  type CheckpointReading,
  type CheckpointResult,
  readCheckpoint,
} from "./checkpoint-file.ts";
import { ColdFile } from "./cold-file.ts";
import type { Damage } from "./damage.ts";
import {
  type DirectoryIdentity,
  Name,
  newDirectoryId,
  readIdentity,
  StoreRefusal,
  unknownVersion,
  writeIdentity,
} from "./data-directory.ts";
import { FILE_HEADER_BYTES, type FileHeader, readFileHeader } from "./file-header.ts";
import { BATCH_ALIGNMENT_BYTES, type DirectoryId, FORMAT_VERSION, Magic } from "./format.ts";
import { logFileNumber } from "./log-files.ts";
import { pageImageBytes } from "./page-image.ts";
import { segmentName, segmentNumber } from "./segment-set.ts";

export interface Contents {
  readonly id: DirectoryId;
  readonly isNew: boolean;
  readonly checkpoint: CheckpointReading;
  /** Names and sizes of the log files by number. */
  readonly logFiles: ReadonlyMap<number, string>;
  readonly logFileSizes: ReadonlyMap<number, number>;
  /** Segments the checkpoint names. */
  readonly segments: ReadonlyMap<number, { readonly fileName: string; readonly sizeBytes: number }>;
  /** The highest number that a segment has, or is named by. */
  readonly lastSegment: number;
  /** Both, the better one first. */
  readonly checkpointFiles: readonly CheckpointFile[];
  /** Paths of files that no start needs. */
  readonly leftovers: readonly string[];
  readonly damage: readonly Damage[];
  /** By the number of the log file: what is wrong with its header or name. */
  readonly logHeaderTrouble: ReadonlyMap<number, string>;
  /** Log files that are shorter than they were made, with the size they should have. */
  readonly shortLogFiles: ReadonlyMap<number, number>;
}

export interface CheckpointFile {
  readonly name: string;
  readonly checkpoint: CheckpointReading | undefined;
  /** What is wrong with it. */
  readonly trouble: string | undefined;
}

interface FoundFile {
  readonly name: string;
  readonly number: number;
  readonly sizeBytes: number;
  /** It was made that large; 0 = not known. */
  readonly madeBytes: number;
}

export interface StoreDirectoryOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly directory: string;
  readonly onNotice: (text: string) => void;
}

export class StoreDirectory {
  readonly #options: StoreDirectoryOptions;
  readonly #damage: Damage[] = [];
  /** What is wrong with the headers of files; of no interest unless the file is needed. */
  readonly #badHeaders = new Map<string, string>();
  #identity: DirectoryIdentity | "damaged" | undefined = undefined;

  constructor(options: StoreDirectoryOptions) {
    this.#options = options;
  }

  /** Rejects with a StoreRefusal if the directory must not be touched, not even to lock it. */
  static async check(disk: Disk, memory: Memory, directory: string): Promise<void> {
    const identity = await readIdentity(disk, directory);
    if (identity === undefined) return;
    const names = await disk.list(directory);
    const files: [string, number][] = [];
    for (const name of [Name.checkpoint, Name.checkpointCopy]) {
      if (names.includes(name)) files.push([name, Magic.checkpoint]);
    }
    for (const [folder, magic] of [
      [Name.log, Magic.logFile],
      [Name.segments, Magic.segment],
    ] as const) {
      if (!names.includes(folder)) continue;
      for (const name of await disk.list(`${directory}/${folder}`)) {
        if (isOurs(folder, name)) files.push([`${folder}/${name}`, magic]);
      }
    }
    for (const [file, magic] of files) {
      const path = `${directory}/${file}`;
      // Of a directory in use a file may be gone by now.
      const header = await readHeader(disk, memory, path, magic).catch(() => undefined);
      if (header !== undefined && header.version > FORMAT_VERSION) {
        throw unknownVersion(path, header.version);
      }
    }
  }

  /** What is there, after which the store can be opened: a new directory is made, leftovers are removed. */
  async load(): Promise<Contents> {
    const { disk, directory } = this.#options;
    const contents = await this.look();
    if (contents === undefined) return this.#create();
    for (const name of [Name.log, Name.segments, Name.transient]) {
      const path = `${directory}/${name}`;
      if ((await disk.stat(path)) === undefined) await disk.makeDirectory(path);
    }
    for (const path of contents.leftovers) await disk.unlink(path);
    if (this.#identity === "damaged") {
      await writeIdentity(disk, directory, { id: contents.id, ready: true });
    }
    return contents;
  }

  /** What is there; undefined when there is nothing yet. Changes nothing. Rejects with a StoreRefusal. */
  async look(): Promise<Contents | undefined> {
    const { disk, directory } = this.#options;
    const identity = await readIdentity(disk, directory);
    this.#identity = identity;
    if (identity === undefined || (identity !== "damaged" && !identity.ready)) return undefined;
    const checkpointFiles = await this.#readCheckpoints();
    const checkpoint = checkpointFiles[0]?.checkpoint as CheckpointReading;
    if (identity === "damaged") {
      this.#damage.push(wholeFile(Name.identity, "nothing is lost: it is written anew"));
    }
    const { id } = checkpoint.head;
    const log = await this.#find(Name.log, logFileNumber, Magic.logFile, id);
    const segments = await this.#find(Name.segments, segmentNumber, Magic.segment, id);
    const named = this.#namedSegments(checkpoint, segments);
    this.#reportSegments(checkpoint, named);
    const names = segments.map(({ name }) => segmentNumber(name) ?? 0);
    return {
      id,
      isNew: false,
      checkpoint,
      checkpointFiles,
      logFiles: new Map(log.map((x) => [x.number, x.name])),
      logFileSizes: new Map(log.map((x) => [x.number, x.sizeBytes])),
      segments: named,
      lastSegment: Math.max(0, ...names, ...segments.map((x) => x.number), ...named.keys()),
      leftovers: await this.#leftovers(segments, named),
      damage: this.#damage,
      shortLogFiles: new Map(
        log.filter((x) => x.sizeBytes < x.madeBytes).map((x) => [x.number, x.madeBytes]),
      ),
      logHeaderTrouble: new Map(
        log.flatMap(({ name, number }) => {
          const effect = this.#badHeaders.get(`${directory}/${Name.log}/${name}`);
          return effect === undefined ? [] : [[number, effect] as const];
        }),
      ),
    };
  }

  async #create(): Promise<Contents> {
    const { disk, directory, random, clock } = this.#options;
    const known = this.#identity;
    const id = known === undefined || known === "damaged" ? newDirectoryId(random) : known.id;
    await writeIdentity(disk, directory, { id, ready: false });
    for (const name of [Name.log, Name.segments, Name.transient]) {
      const path = `${directory}/${name}`;
      if ((await disk.stat(path)) === undefined) await disk.makeDirectory(path);
      for (const file of await disk.list(path)) await disk.unlink(`${path}/${file}`);
      await disk.syncDirectory(path);
    }
    const head = { number: 1, id, createdAtMs: clock.nowMs() };
    const builder = new CheckpointBuilder(head, () => undefined);
    builder.state({
      log: { file: 0, offset: BATCH_ALIGNMENT_BYTES, position: 0, batch: 0, crcBefore: 0 },
      position: 0,
      definitionsPosition: 0,
      lastPageHandle: 0,
      stopped: true,
    });
    const bytes = atOnce(builder.finish());
    await disk.replaceFile(`${directory}/${Name.checkpoint}`, bytes);
    await disk.replaceFile(`${directory}/${Name.checkpointCopy}`, bytes);
    await writeIdentity(disk, directory, { id, ready: true });
    return {
      id,
      isNew: true,
      checkpoint: goodOne(readCheckpoint(bytes)) as CheckpointReading,
      checkpointFiles: [],
      logFiles: new Map(),
      logFileSizes: new Map(),
      segments: new Map(),
      lastSegment: 0,
      leftovers: [],
      damage: [],
      shortLogFiles: new Map(),
      logHeaderTrouble: new Map(),
    };
  }

  /** Both checkpoints, the newer good one first. */
  async #readCheckpoints(): Promise<CheckpointFile[]> {
    const { directory } = this.#options;
    const files: CheckpointFile[] = [];
    for (const name of [Name.checkpoint, Name.checkpointCopy]) {
      const result = await this.#readCheckpoint(name);
      if (result.kind === "unknown version") {
        throw unknownVersion(`${directory}/${name}`, result.version);
      }
      const trouble = result.kind === "good" ? undefined : result.reason;
      files.push({ name, checkpoint: goodOne(result), trouble });
    }
    files.sort((a, b) => numberOf(b) - numberOf(a));
    if (files[0]?.checkpoint === undefined) {
      const reasons = files.map(({ name, trouble }) => `${name}: ${trouble}`).join("; ");
      throw new StoreRefusal(
        "damaged",
        `${directory} can't be opened because both of its checkpoints are unusable (${reasons}): restore it from a backup`,
      );
    }
    for (const { name, trouble } of files) {
      if (trouble === undefined) continue;
      this.#damage.push(wholeFile(name, `${trouble}; nothing is lost, there is a good copy`));
    }
    return files;
  }

  async #readCheckpoint(name: string): Promise<CheckpointResult> {
    const { disk, directory } = this.#options;
    const path = `${directory}/${name}`;
    if ((await disk.stat(path)) === undefined) return { kind: "damaged", reason: "it is missing" };
    return readCheckpoint(await disk.readFile(path));
  }

  /** The numbered files of one folder. A header knows better than a name which file it is. */
  async #find(
    folder: string,
    numberOf: (name: string) => number | undefined,
    magic: number,
    id: DirectoryId,
  ): Promise<FoundFile[]> {
    const { disk, directory } = this.#options;
    const path = `${directory}/${folder}`;
    // What is needed of it will be missed file by file.
    if ((await disk.stat(path)) === undefined) return [];
    const found: FoundFile[] = [];
    for (const name of await disk.list(path)) {
      const named = numberOf(name);
      if (named === undefined && isUnfinished(name)) continue;
      if (named === undefined) {
        this.#options.onNotice(`${path}/${name} is none of ours and left alone`);
        continue;
      }
      const sizeBytes = (await disk.stat(`${path}/${name}`))?.sizeBytes ?? 0;
      const inside = await this.#lookInside(`${path}/${name}`, named, magic, id);
      found.push({ name, sizeBytes, ...inside });
    }
    return withoutDoubles(found, numberOf);
  }

  async #lookInside(
    path: string,
    named: number,
    magic: number,
    id: DirectoryId,
  ): Promise<{ readonly number: number; readonly madeBytes: number }> {
    const { disk, memory } = this.#options;
    const header = await readHeader(disk, memory, path, magic);
    if (header === undefined) {
      this.#badHeaders.set(path, "its header is damaged, which costs nothing");
      return { number: named, madeBytes: 0 };
    }
    if (header.version > FORMAT_VERSION) throw unknownVersion(path, header.version);
    const isOurs = header.id.low === id.low && header.id.high === id.high;
    if (!isOurs) this.#badHeaders.set(path, "it belongs to another data directory");
    else if (header.number !== named) {
      this.#badHeaders.set(path, `it is file ${header.number} under a wrong name`);
    }
    return isOurs
      ? { number: header.number, madeBytes: header.sizeBytes }
      : { number: named, madeBytes: 0 };
  }

  #namedSegments(
    checkpoint: CheckpointReading,
    files: readonly FoundFile[],
  ): Map<number, { fileName: string; sizeBytes: number }> {
    const byNumber = new Map(files.map((x) => [x.number, x]));
    const named = new Map<number, { fileName: string; sizeBytes: number }>();
    for (const { segment } of checkpoint.places) {
      if (named.has(segment)) continue;
      const file = byNumber.get(segment);
      const fileName = file?.name ?? segmentName(segment);
      named.set(segment, { fileName, sizeBytes: file?.sizeBytes ?? 0 });
    }
    return named;
  }

  /** Headers that are not as they should be, files that are not there, and pages behind the end of their file. */
  #reportSegments(
    checkpoint: CheckpointReading,
    named: ReadonlyMap<number, { readonly fileName: string; readonly sizeBytes: number }>,
  ): void {
    const { directory } = this.#options;
    const neededBytes = new Map<number, number>();
    for (const { segment, offset, lengthBytes } of checkpoint.places) {
      const end = offset + pageImageBytes(lengthBytes);
      neededBytes.set(segment, Math.max(end, neededBytes.get(segment) ?? 0));
    }
    for (const [number, { fileName, sizeBytes }] of named) {
      const file = `${Name.segments}/${fileName}`;
      const effect = this.#badHeaders.get(`${directory}/${file}`);
      const toOffset = neededBytes.get(number) ?? 0;
      if (sizeBytes === 0) {
        this.#damage.push(wholeFile(file, "it is missing, and all it held is lost"));
      } else if (sizeBytes < toOffset) {
        const lost = "the file ends too early, and the messages behind its end are lost";
        this.#damage.push({ file, fromOffset: sizeBytes, toOffset, effect: lost });
      } else if (effect !== undefined) {
        this.#damage.push({ file, fromOffset: 0, toOffset: FILE_HEADER_BYTES, effect });
      }
    }
  }

  /** Segments no checkpoint names, everything transient, and what was never finished. */
  async #leftovers(
    segments: readonly FoundFile[],
    named: ReadonlyMap<number, unknown>,
  ): Promise<string[]> {
    const { disk, directory } = this.#options;
    const unnamed = new Set(
      segments.filter(({ number }) => !named.has(number)).map(({ name }) => name),
    );
    const isLeftover = (folder: string, name: string) =>
      isUnfinished(name) ||
      (folder === Name.segments && unnamed.has(name)) ||
      (folder === Name.transient && segmentNumber(name) !== undefined);
    const paths: string[] = [];
    for (const folder of ["", Name.segments, Name.transient]) {
      const path = folder === "" ? directory : `${directory}/${folder}`;
      if ((await disk.stat(path)) === undefined) continue;
      const names = (await disk.list(path)).filter((name) => isLeftover(folder, name));
      paths.push(...names.map((name) => `${path}/${name}`));
    }
    return paths;
  }
}

/** A crash came before it got its right name. */
function isUnfinished(name: string): boolean {
  return /^(?:segment-\d{8,}|checkpoint|checkpoint-copy|definitions\.json|leveret\.json)\.new$/.test(
    name,
  );
}

function isOurs(folder: string, name: string): boolean {
  const number = folder === Name.log ? logFileNumber(name) : segmentNumber(name);
  return number !== undefined;
}

/** The header of a file, unless it is damaged. */
async function readHeader(
  disk: Disk,
  { arena, logBuffers }: Memory,
  path: string,
  magic: number,
): Promise<FileHeader | undefined> {
  const { at } = logBuffers[0];
  const file = await ColdFile.open(disk, path, { write: false, create: false, synced: false });
  const length = await file.read(at, FILE_HEADER_BYTES, 0);
  file.close();
  return length === FILE_HEADER_BYTES ? readFileHeader(arena.u8, arena.view, at, magic) : undefined;
}

function numberOf({ checkpoint }: CheckpointFile): number {
  return checkpoint?.head.number ?? -1;
}

function goodOne(result: CheckpointResult): CheckpointReading | undefined {
  return result.kind === "good" ? result.checkpoint : undefined;
}

/** Of two files that claim one number, the one with the right name. */
function withoutDoubles(
  found: readonly FoundFile[],
  numberOf: (name: string) => number | undefined,
): FoundFile[] {
  const chosen = new Map<number, FoundFile>();
  for (const file of found) {
    const other = chosen.get(file.number);
    if (other === undefined || numberOf(other.name) !== file.number) chosen.set(file.number, file);
  }
  return [...chosen.values()].sort((a, b) => a.number - b.number);
}

function wholeFile(file: string, effect: string): Damage {
  return { file, fromOffset: 0, toOffset: Number.POSITIVE_INFINITY, effect };
}
