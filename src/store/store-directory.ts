// Looks into a data directory at start: checks every file's header, chooses the checkpoint, and knows what is garbage.
// Nothing is changed before everything has been found readable.

import type { Clock, Disk, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import {
  CheckpointBuilder,
  type CheckpointReading,
  type CheckpointResult,
  readCheckpoint,
} from "./checkpoint-file.ts";
import { ColdFile } from "./cold-file.ts";
import type { Damage } from "./damage.ts";
import {
  Name,
  newDirectoryId,
  readIdentity,
  StoreRefusal,
  unknownVersion,
  writeIdentity,
} from "./data-directory.ts";
import { FILE_HEADER_BYTES, readFileHeader } from "./file-header.ts";
import { BATCH_ALIGNMENT_BYTES, type DirectoryId, FORMAT_VERSION, Magic } from "./format.ts";
import { logFileNumber } from "./log-files.ts";
import { segmentNumber } from "./segment-set.ts";

export interface Contents {
  readonly id: DirectoryId;
  readonly isNew: boolean;
  readonly checkpoint: CheckpointReading;
  /** Names and sizes of the log files by number. */
  readonly logFiles: ReadonlyMap<number, string>;
  readonly logFileSizes: ReadonlyMap<number, number>;
  /** Segments the checkpoint names. */
  readonly segments: ReadonlyMap<number, { readonly fileName: string; readonly sizeBytes: number }>;
  readonly lastSegment: number;
  readonly damage: readonly Damage[];
  /** By the number of the log file: what is wrong with its header or name. */
  readonly logHeaderTrouble: ReadonlyMap<number, string>;
}

interface FoundFile {
  readonly name: string;
  readonly number: number;
  readonly sizeBytes: number;
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

  constructor(options: StoreDirectoryOptions) {
    this.#options = options;
  }

  /** Rejects with a StoreRefusal if the directory must not be touched. */
  static async check(disk: Disk, directory: string): Promise<void> {
    await readIdentity(disk, directory);
  }

  async load(): Promise<Contents> {
    const { disk, directory } = this.#options;
    const identity = await readIdentity(disk, directory);
    if (identity === undefined || (identity !== "damaged" && !identity.ready)) {
      return this.#create(identity?.id);
    }
    const checkpoint = await this.#chooseCheckpoint();
    if (identity === "damaged") {
      this.#damage.push(wholeFile(Name.identity, "nothing is lost: it is written anew"));
    }
    const { id } = checkpoint.head;
    const log = await this.#find(Name.log, logFileNumber, Magic.logFile, id);
    const segments = await this.#find(Name.segments, segmentNumber, Magic.segment, id);
    const named = this.#namedSegments(checkpoint, segments);
    for (const { fileName } of named.values()) {
      const effect = this.#badHeaders.get(`${directory}/${Name.segments}/${fileName}`);
      if (effect !== undefined) {
        this.#damage.push({ file: fileName, fromOffset: 0, toOffset: FILE_HEADER_BYTES, effect });
      }
    }
    await this.#removeGarbage(segments, named);
    if (identity === "damaged") await writeIdentity(disk, directory, { id, ready: true });
    return {
      id,
      isNew: false,
      checkpoint,
      logFiles: new Map(log.map((x) => [x.number, x.name])),
      logFileSizes: new Map(log.map((x) => [x.number, x.sizeBytes])),
      segments: named,
      lastSegment: Math.max(0, ...segments.map((x) => x.number), ...named.keys()),
      damage: this.#damage,
      logHeaderTrouble: new Map(
        log.flatMap(({ name, number }) => {
          const effect = this.#badHeaders.get(`${directory}/${Name.log}/${name}`);
          return effect === undefined ? [] : [[number, effect] as const];
        }),
      ),
    };
  }

  async #create(known: DirectoryId | undefined): Promise<Contents> {
    const { disk, directory, random, clock } = this.#options;
    const id = known ?? newDirectoryId(random);
    await writeIdentity(disk, directory, { id, ready: false });
    for (const name of [Name.log, Name.segments, Name.transient]) {
      const path = `${directory}/${name}`;
      if ((await disk.stat(path)) === undefined) await disk.makeDirectory(path);
      for (const file of await disk.list(path)) await disk.unlink(`${path}/${file}`);
      await disk.syncDirectory(path);
    }
    const builder = new CheckpointBuilder({ number: 1, id, createdAtMs: clock.nowMs() });
    builder.state({
      log: { file: 0, offset: BATCH_ALIGNMENT_BYTES, position: 0, batch: 0, crcBefore: 0 },
      position: 0,
      definitionsPosition: 0,
      lastPageHandle: 0,
      stopped: true,
    });
    const bytes = builder.finish();
    await disk.replaceFile(`${directory}/${Name.checkpoint}`, bytes);
    await disk.replaceFile(`${directory}/${Name.checkpointCopy}`, bytes);
    await writeIdentity(disk, directory, { id, ready: true });
    return {
      id,
      isNew: true,
      checkpoint: goodOne(readCheckpoint(bytes)) as CheckpointReading,
      logFiles: new Map(),
      logFileSizes: new Map(),
      segments: new Map(),
      lastSegment: 0,
      damage: [],
      logHeaderTrouble: new Map(),
    };
  }

  /** The newer of the good checkpoints. */
  async #chooseCheckpoint(): Promise<CheckpointReading> {
    const { directory } = this.#options;
    const found: CheckpointReading[] = [];
    const reasons: string[] = [];
    for (const name of [Name.checkpoint, Name.checkpointCopy]) {
      const result = await this.#readCheckpoint(name);
      if (result.kind === "unknown version") {
        throw unknownVersion(`${directory}/${name}`, result.version);
      }
      if (result.kind === "good") found.push(result.checkpoint);
      else reasons.push(`${name}: ${result.reason}`);
    }
    found.sort((a, b) => b.head.number - a.head.number);
    const [newest] = found;
    if (newest === undefined) {
      throw new StoreRefusal(
        "damaged",
        `${directory} can't be opened because both of its checkpoints are unusable (${reasons.join("; ")}): restore it from a backup`,
      );
    }
    for (const reason of reasons) {
      const [name] = reason.split(":");
      this.#damage.push(wholeFile(name as string, "nothing is lost: there is a good copy"));
    }
    return newest;
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
    if ((await disk.stat(path)) === undefined) {
      this.#damage.push(wholeFile(folder, "the folder is missing, and all it held is lost"));
      await disk.makeDirectory(path);
      return [];
    }
    const found: FoundFile[] = [];
    for (const name of await disk.list(path)) {
      const named = numberOf(name);
      if (named === undefined) {
        this.#options.onNotice(`${path}/${name} is none of ours and left alone`);
        continue;
      }
      const sizeBytes = (await disk.stat(`${path}/${name}`))?.sizeBytes ?? 0;
      const number = await this.#numberInside(`${path}/${name}`, named, magic, id);
      found.push({ name, number, sizeBytes });
    }
    return withoutDoubles(found, numberOf);
  }

  async #numberInside(
    path: string,
    named: number,
    magic: number,
    id: DirectoryId,
  ): Promise<number> {
    const { disk, memory } = this.#options;
    const { arena } = memory;
    const { at } = memory.logBuffers[0];
    const file = await ColdFile.open(disk, path, { write: false, create: false, synced: false });
    const length = await file.read(at, FILE_HEADER_BYTES, 0);
    file.close();
    const header =
      length === FILE_HEADER_BYTES ? readFileHeader(arena.u8, arena.view, at, magic) : undefined;
    if (header === undefined) {
      this.#badHeaders.set(path, "its header is damaged, which costs nothing");
      return named;
    }
    if (header.version !== FORMAT_VERSION) throw unknownVersion(path, header.version);
    const isOurs = header.id.low === id.low && header.id.high === id.high;
    if (!isOurs) this.#badHeaders.set(path, "it belongs to another data directory");
    else if (header.number !== named) {
      this.#badHeaders.set(path, `it is file ${header.number} under a wrong name`);
    }
    return isOurs ? header.number : named;
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
      const fileName = file?.name ?? `segment-${String(segment).padStart(8, "0")}`;
      named.set(segment, { fileName, sizeBytes: file?.sizeBytes ?? 0 });
    }
    return named;
  }

  /** Segments no checkpoint names, and everything transient. */
  async #removeGarbage(
    segments: readonly FoundFile[],
    named: ReadonlyMap<number, unknown>,
  ): Promise<void> {
    const { disk, directory } = this.#options;
    for (const { name, number } of segments) {
      if (!named.has(number)) await disk.unlink(`${directory}/${Name.segments}/${name}`);
    }
    const transient = `${directory}/${Name.transient}`;
    if ((await disk.stat(transient)) === undefined) await disk.makeDirectory(transient);
    for (const name of await disk.list(transient)) {
      if (segmentNumber(name) !== undefined) await disk.unlink(`${transient}/${name}`);
    }
  }
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
