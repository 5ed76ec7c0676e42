// Tells what a checkpoint and the log behind it say, entry by entry: at a start, and when a directory is inspected.

import { EntryKind, type ReplayHandler } from "../broker/ports.ts";
import type { Disk } from "../env/env.ts";
import { assert } from "../lib/assert.ts";
import type { Memory } from "../lib/memory.ts";
import { type BlockHeader, forEachEntry } from "./block.ts";
import type { CheckpointReading } from "./checkpoint-file.ts";
import type { Damage } from "./damage.ts";
import { Name, StoreRefusal } from "./data-directory.ts";
import { FILE_HEADER_BYTES } from "./file-header.ts";
import type { DirectoryId } from "./format.ts";
import { LogReader, type LogReading } from "./log-reader.ts";
import { LogWindow } from "./log-window.ts";
import type { Contents } from "./store-directory.ts";

/** So often, 1 ms apart, an entry comes again while no page leaves memory. */
const REFUSED_TRIES_MAX = 30_000;

/** Tells the handler every entry of a checkpoint. */
export function replayCheckpoint(
  checkpoint: CheckpointReading,
  memory: Memory,
  handler: ReplayHandler,
): void {
  const { at: window, lengthBytes: windowBytes } = memory.logBuffers[0];
  checkpoint.forEach((kind, at, lengthBytes) => {
    if (lengthBytes > windowBytes) throw new Error("an entry of the checkpoint is too long");
    memory.arena.u8.set(checkpoint.bytes.subarray(at, at + lengthBytes), window);
    const isTaken = handler.onEntry(kind, window, lengthBytes, checkpoint.state.position);
    assert(isTaken, "what a checkpoint says needs no pages");
  });
}

export interface LogReplayOptions {
  readonly disk: Disk;
  readonly memory: Memory;
  readonly directory: string;
  readonly handler: ReplayHandler;
  /** Answers when pages have had time to leave memory, and the handler takes entries again. */
  readonly untilRelieved?: (() => Promise<void>) | undefined;
}

/** Tells the handler every entry of the log that counts beside the checkpoint. */
export async function readLog(
  { disk, memory, directory, handler, untilRelieved }: LogReplayOptions,
  { checkpoint: { state }, id, logFiles, shortLogFiles }: LogFacts,
): Promise<LogReading> {
  const { view, u8 } = memory.arena;
  const window = new LogWindow({
    ...{ disk, id, u8, view },
    directory: `${directory}/${Name.log}`,
    region: memory.logBuffers[0],
    names: logFiles,
  });
  const onEntry = (kind: number, at: number, lengthBytes: number, position: number): boolean => {
    const first = kind === EntryKind.definition ? state.definitionsPosition : state.position;
    return position < first || handler.onEntry(kind as EntryKind, at, lengthBytes, position);
  };
  /** Nothing else uses the window meanwhile. */
  const tellRest = async (at: number, block: BlockHeader, from: number): Promise<void> => {
    let [refused, usedBytes, tries] = [from as number | undefined, 0, 0];
    while (refused !== undefined) {
      tries = memory.pages.usedBytes === usedBytes ? tries + 1 : 0;
      usedBytes = memory.pages.usedBytes;
      if (tries > REFUSED_TRIES_MAX) throw tooLittleMemory(directory);
      await untilRelieved?.();
      refused = forEachEntry(view, at, block, onEntry, refused);
    }
  };
  const reader = new LogReader(window, logFiles, state.log, (at, block) => {
    const refused = forEachEntry(view, at, block, onEntry);
    if (refused !== undefined) return tellRest(at, block, refused);
    return handler.congested ? untilRelieved?.() : undefined;
  });
  const reading = await reader.read();
  window.close();
  // What is missing at the end of a file that has lost its end was not cut off by a crash.
  return { ...reading, torn: reading.torn && !shortLogFiles.has(reading.end.file) };
}

function tooLittleMemory(directory: string): StoreRefusal {
  const sentence = `there is too little memory for what the log in ${directory} holds: raise leveret.memory.arena`;
  return new StoreRefusal("memory", sentence);
}

/** What is wrong with the log beside its blocks: headers and ends of the files that were read. */
export function logFileDamage(contents: Contents, { end, goesOn }: LogReading): Damage[] {
  const { file: first } = contents.checkpoint.state.log;
  const damage: Damage[] = [];
  const wasRead = (number: number) => number >= first && number <= end.file + (goesOn ? 1 : 0);
  const pathOf = (number: number) => `${Name.log}/${contents.logFiles.get(number)}`;
  for (const [number, effect] of contents.logHeaderTrouble) {
    if (!wasRead(number)) continue;
    damage.push({ file: pathOf(number), fromOffset: 0, toOffset: FILE_HEADER_BYTES, effect });
  }
  for (const [number, toOffset] of contents.shortLogFiles) {
    if (!wasRead(number)) continue;
    const fromOffset = contents.logFileSizes.get(number) ?? 0;
    const effect = "the file ends too early, and what was logged there is lost";
    damage.push({ file: pathOf(number), fromOffset, toOffset, effect });
  }
  return damage;
}

interface LogFacts {
  readonly checkpoint: CheckpointReading;
  readonly id: DirectoryId;
  readonly logFiles: ReadonlyMap<number, string>;
  readonly shortLogFiles: ReadonlyMap<number, number>;
}
