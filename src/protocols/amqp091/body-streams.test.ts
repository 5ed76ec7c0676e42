import { expect, test } from "vitest";
import type { Bodies, BodyChunk } from "../../broker/message/bodies.ts";
import type { Socket } from "../../env/env.ts";
import { Memory } from "../../lib/memory.ts";
import { NO_PAGE } from "../../lib/page-pool.ts";
import { Output } from "../output.ts";
import { BodyStreams } from "./body-streams.ts";

const BODY_BYTES = 100_000;
const PART_BYTES = 60_000;

/** One body of two parts, of which only those in `loaded` are in memory. */
class OneBody implements Pick<Bodies, "retain" | "release" | "chunk" | "wholeAt" | "whenLoaded"> {
  references = 1;
  /** It lies in a row after all. */
  isWhole = false;
  readonly loaded = new Set<number>();
  readonly waiting: (() => void)[] = [];
  readonly #at: number;
  constructor(at: number) {
    this.#at = at;
  }
  retain(): void {
    this.references++;
  }
  release(): void {
    this.references--;
  }
  chunk(_body: number, offset: number): BodyChunk | undefined {
    const part = Math.floor(offset / PART_BYTES);
    if (!this.loaded.has(part)) return undefined;
    const end = Math.min(BODY_BYTES, (part + 1) * PART_BYTES);
    return { at: this.#at, lengthBytes: end - offset };
  }
  wholeAt(): number {
    return this.isWhole ? this.#at : NO_PAGE;
  }
  whenLoaded(_body: number, _offset: number, onLoaded: () => void): void {
    this.waiting.push(onLoaded);
  }
  load(part: number): void {
    this.loaded.add(part);
    for (const onLoaded of this.waiting.splice(0)) onLoaded();
  }
}

function world(): { body: OneBody; streams: BodyStreams; output: Output; idle: () => number } {
  const memory = new Memory({ arenaBytes: 32 * 1_048_576 });
  const body = new OneBody(memory.read.at);
  const socket = { write: () => true } as unknown as Socket;
  const owner = { onOutputRoom() {}, onOutputExhausted() {}, onOutput() {} };
  const output = new Output(memory, socket, owner);
  let idle = 0;
  const streams = new BodyStreams(body as unknown as Bodies, output, () => void idle++);
  return { body, streams, output, idle: () => idle };
}

const to = { channelNumber: 1, payloadMax: 131_064 };

test("when the last bytes of a body come from the disk, consumers hear that they may go on", () => {
  const { body, streams, output, idle } = world();
  streams.start(7, BODY_BYTES, to);
  expect(streams.busy).toBe(true);
  body.load(0);
  expect([streams.busy, idle()]).toEqual([true, 0]);
  body.load(1);
  expect([streams.busy, idle()]).toEqual([false, 1]);
  expect(output.pendingBytes).toBe(BODY_BYTES + 2 * 8);
  expect(body.references).toBe(1);
});

test("a body that is in memory leaves at once, and nobody need be told", () => {
  const { body, streams, idle } = world();
  body.loaded.add(0).add(1);
  streams.start(7, BODY_BYTES, to);
  expect([streams.busy, idle()]).toEqual([false, 0]);
});

test("a small body that lies in a row leaves in one frame, a longer one than a frame in several", () => {
  const { body, streams, output } = world();
  body.isWhole = true;
  streams.start(7, 1_000, to);
  expect([streams.busy, output.pendingBytes, body.references]).toEqual([false, 1_008, 1]);
  body.loaded.add(0).add(1);
  streams.start(7, BODY_BYTES, { ...to, payloadMax: 4_088 });
  const frames = 2 + Math.floor(PART_BYTES / 4_088) + Math.floor((BODY_BYTES - PART_BYTES) / 4_088);
  expect(output.pendingBytes).toBe(1_008 + BODY_BYTES + frames * 8);
});

test("a connection that closed while its body was read is left alone", () => {
  const { body, streams, idle } = world();
  streams.start(7, BODY_BYTES, to);
  streams.close();
  body.load(0);
  expect([streams.busy, idle(), body.references]).toEqual([false, 0, 1]);
});
