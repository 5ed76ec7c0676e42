// Looks a data directory through without changing a byte of it: what a start would find, and every checksum there is.

import type { ReplayHandler } from "../broker/ports.ts";
import type { Clock, Disk, Random } from "../env/env.ts";
import type { Memory } from "../lib/memory.ts";
import { LARGE_PAGE_BYTES } from "../lib/page-pool.ts";
import type { StoredPagePlace } from "./checkpoint-file.ts";
import { ColdFile } from "./cold-file.ts";
import { type Damage, GUARD_DAMAGED } from "./damage.ts";
import { Name } from "./data-directory.ts";
import { directoryIdText } from "./format.ts";
import type { LogReading } from "./log-reader.ts";
import { logFileDamage, readLog, replayCheckpoint } from "./log-replay.ts";
import { checkPage, pageImageBytes } from "./page-image.ts";
import { type Contents, StoreDirectory } from "./store-directory.ts";

/** Hears what the directory says, and knows what its pages hold. */
export interface InspectionHandler extends ReplayHandler {
  /** Pages of a queue hold records, those of bodies do not; undefined = nothing needs the page. */
  holdsRecords(page: number): boolean | undefined;
  /** A page lies at `at`. What was damaged in it has been made records that are settled. */
  onPage(page: number, at: number, lengthBytes: number): void;
}

export interface InspectionOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Of its own; 16 MiB are enough. */
  readonly memory: Memory;
  readonly directory: string;
  readonly handler: InspectionHandler;
}

export interface InspectedCheckpoint {
  readonly file: string;
  readonly number: number | undefined;
  readonly createdAtMs: number | undefined;
  readonly sizeBytes: number | undefined;
  /** "good", or what is wrong with it. */
  readonly condition: string;
}

export interface InspectedLogFile {
  readonly file: string;
  readonly number: number;
  readonly sizeBytes: number;
  /** What a start does with it. */
  readonly use: "read at start" | "not needed" | "prepared";
  /** Up to where it is written; undefined for files that are not read. */
  readonly writtenBytes: number | undefined;
}

export interface InspectedSegment {
  readonly file: string;
  readonly number: number;
  readonly sizeBytes: number;
  /** Named by the checkpoint, and their bytes. */
  readonly pageCount: number;
  readonly pageBytes: number;
}

export interface Inspection {
  readonly id: string;
  readonly isNew: boolean;
  /** Nothing has been logged since the newest checkpoint, which was made by an orderly stop. */
  readonly stoppedOrderly: boolean;
  /** The newest write was cut off; nobody had been told that it was safe. */
  readonly torn: boolean;
  readonly checkpoints: readonly InspectedCheckpoint[];
  readonly logFiles: readonly InspectedLogFile[];
  readonly logBlockCount: number;
  readonly logEndPosition: number;
  readonly segments: readonly InspectedSegment[];
  /** Files that no start needs: the next one removes them. */
  readonly leftovers: readonly string[];
  readonly damage: readonly Damage[];
}

/** Rejects with a StoreRefusal for what is not a data directory, or one of a later version. */
export async function inspect(options: InspectionOptions): Promise<Inspection> {
  const { directory, handler, memory } = options;
  const notes = { ...options, onNotice: () => {} };
  const contents = await new StoreDirectory(notes).look();
  if (contents === undefined) return emptyInspection;
  const { checkpoint } = contents;
  const damage = [...contents.damage];
  replayCheckpoint(checkpoint, memory, handler);
  const reading = await readLog(options, contents);
  damage.push(...reading.damage);
  damage.push(...logFileDamage(contents, reading));
  damage.push(...(await readPages(options, contents)));
  const { blockCount, torn, end } = reading;
  return {
    id: directoryIdText(contents.id),
    isNew: false,
    stoppedOrderly: checkpoint.state.stopped && blockCount === 0,
    torn,
    checkpoints: contents.checkpointFiles.map(({ name, checkpoint: read, trouble }) => ({
      file: name,
      number: read?.head.number,
      createdAtMs: read?.head.createdAtMs,
      sizeBytes: read?.bytes.length,
      condition: trouble ?? "good",
    })),
    logFiles: logFilesOf(contents, reading),
    logBlockCount: blockCount,
    logEndPosition: end.position,
    segments: segmentsOf(contents),
    leftovers: contents.leftovers.map((path) => path.slice(directory.length + 1)),
    damage,
  };
}

const emptyInspection: Inspection = {
  id: "",
  isNew: true,
  stoppedOrderly: true,
  torn: false,
  checkpoints: [],
  logFiles: [],
  logBlockCount: 0,
  logEndPosition: 0,
  segments: [],
  leftovers: [],
  damage: [],
};

function logFilesOf(contents: Contents, { end }: LogReading): InspectedLogFile[] {
  const { file: first } = contents.checkpoint.state.log;
  return [...contents.logFiles].map(([number, name]) => {
    const isRead = number >= first && number <= end.file;
    const sizeBytes = contents.logFileSizes.get(number) ?? 0;
    return {
      file: `${Name.log}/${name}`,
      number,
      sizeBytes,
      use: isRead ? "read at start" : number < first ? "not needed" : "prepared",
      writtenBytes: !isRead ? undefined : number === end.file ? end.offset : sizeBytes,
    };
  });
}

function segmentsOf({ checkpoint, segments }: Contents): InspectedSegment[] {
  return [...segments].map(([number, { fileName, sizeBytes }]) => {
    const pages = checkpoint.places.filter(({ segment }) => segment === number);
    return {
      file: `${Name.segments}/${fileName}`,
      number,
      sizeBytes,
      pageCount: pages.length,
      pageBytes: pages.reduce((sum, { lengthBytes }) => sum + pageImageBytes(lengthBytes), 0),
    };
  });
}

/** Reads every page that something needs and answers what is wrong with them. */
async function readPages(options: InspectionOptions, contents: Contents): Promise<Damage[]> {
  const { disk, memory, directory } = options;
  const damage: Damage[] = [];
  const at = memory.pages.allocate(LARGE_PAGE_BYTES);
  const bySegment = new Map<number, StoredPagePlace[]>();
  for (const place of contents.checkpoint.places) {
    const places = bySegment.get(place.segment) ?? [];
    places.push(place);
    bySegment.set(place.segment, places);
  }
  for (const [segment, places] of bySegment) {
    const { fileName, sizeBytes } = contents.segments.get(segment) as { fileName: string } & {
      sizeBytes: number;
    };
    // A file that is missing has been reported.
    if (sizeBytes === 0) continue;
    const name = `${Name.segments}/${fileName}`;
    const file = await ColdFile.open(disk, `${directory}/${name}`, {
      write: false,
      create: false,
      synced: false,
    });
    places.sort((a, b) => a.offset - b.offset);
    for (const place of places) damage.push(...(await readPage(options, file, name, place, at)));
    file.close();
  }
  memory.pages.free(at, LARGE_PAGE_BYTES);
  return damage;
}

async function readPage(
  { memory, handler }: InspectionOptions,
  file: ColdFile,
  name: string,
  { handle, offset, lengthBytes }: StoredPagePlace,
  at: number,
): Promise<Damage[]> {
  const { u8, view } = memory.arena;
  const holdsRecords = handler.holdsRecords(handle);
  const isNeeded = holdsRecords !== undefined;
  const imageBytes = pageImageBytes(lengthBytes);
  const length = await file.read(at, imageBytes, offset);
  // The end of a file that is too short has been reported.
  if (length < imageBytes) return [];
  const { bad, isTableDamaged } = checkPage(
    ...([u8, view, at] as const),
    { handle, lengthBytes },
    holdsRecords === true,
  );
  const effect = !isNeeded
    ? "nothing is lost: no message needs it any more"
    : holdsRecords
      ? "the messages that lie there are lost"
      : "the messages whose bodies lie there are lost";
  const damage = bad.map(({ fromOffset, toOffset }) => ({
    file: name,
    fromOffset: offset + fromOffset,
    toOffset: offset + toOffset,
    effect,
  }));
  if (isTableDamaged) {
    damage.push({
      file: name,
      fromOffset: offset + lengthBytes,
      toOffset: offset + imageBytes,
      effect: GUARD_DAMAGED,
    });
  }
  if (holdsRecords === true) handler.onPage(handle, at, lengthBytes);
  return damage;
}
