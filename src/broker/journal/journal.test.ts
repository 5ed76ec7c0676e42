import { beforeEach, describe, expect, it } from "vitest";
import { Memory } from "../../lib/memory.ts";
import { FakeLog } from "../../store/testing/fake-log.ts";
import { Publication } from "../message/publication.ts";
import { RecordView } from "../message/record.ts";
import { EntryKind } from "../ports.ts";
import type { Queue } from "../queue/queue.ts";
import { Journal } from "./journal.ts";
import {
  CommitField,
  MOVE_PREFIX_BYTES,
  PartField,
  PublishView,
  readDefinition,
  TRANSACTION_PREFIX_BYTES,
} from "./log-entries.ts";

interface Heard {
  readonly kind: EntryKind;
  readonly bytes: Uint8Array;
  readonly position: number;
}

const memory = new Memory({ arenaBytes: 16 * 1_048_576 });
const { arena } = memory;
let log: FakeLog;
let journal: Journal;

function queueNumbered(number: number, lastSequence: number, lastExpiresAtMs = 0): Queue {
  return { definition: { number }, lastSequence, lastExpiresAtMs } as unknown as Queue;
}

/** A publication whose bytes lie in the read region. */
function publicationOf(routingKey: string, content: string): Publication {
  const publication = new Publication();
  const at = memory.read.at;
  const addressing = Buffer.from(`\0${String.fromCharCode(routingKey.length)}${routingKey}`);
  arena.u8.set(addressing, at);
  arena.u8.set(Buffer.from(content), at + 512);
  publication.addressingAt = at;
  publication.addressingLength = addressing.length;
  publication.contentAt = at + 512;
  publication.contentLengthBytes = content.length;
  publication.bodySizeBytes = content.length;
  return publication;
}

function heard(): Heard[] {
  const entries: Heard[] = [];
  log.replay({
    congested: false,
    onEntry(kind, at, lengthBytes, position) {
      entries.push({ kind, bytes: arena.u8.slice(at, at + lengthBytes), position });
      return true;
    },
  });
  return entries;
}

function only(): Heard {
  const entries = heard();
  expect(entries).toHaveLength(1);
  return entries[0] as Heard;
}

function numbersOf(bytes: Uint8Array, from = 0): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: (bytes.length - from) / 8 }, (_, i) =>
    view.getFloat64(from + i * 8, true),
  );
}

function targetsOf(bytes: Uint8Array, prefixBytes: number): number[][] {
  const view = new PublishView(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  view.at = prefixBytes;
  return Array.from({ length: view.targetCount }, (_, i) => [
    view.queue(i),
    view.sequence(i),
    view.expiresAtMs(i),
  ]);
}

beforeEach(() => {
  log = new FakeLog(memory);
  journal = new Journal(log, arena);
});

describe("Journal", () => {
  it("logs the record of a publish once for all its queues", () => {
    const publication = publicationOf("tasks", "content");
    journal.publish(publication, [queueNumbered(3, 7), queueNumbered(9, 2, 1234)], 2);
    expect(journal.position).toBe(log.position);

    const { kind, bytes, position } = only();
    expect(kind).toBe(EntryKind.publish);
    expect(position).toBe(0);
    expect(targetsOf(bytes, 0)).toEqual([
      [3, 7, 0],
      [9, 2, 1234],
    ]);
    arena.u8.set(bytes, memory.logBuffers[0].at);
    const entry = new PublishView(arena.view);
    entry.at = memory.logBuffers[0].at;
    const record = new RecordView(arena);
    record.at = entry.recordAt;
    expect(record.routingKey).toBe("tasks");
    expect(
      arena.buffer.latin1Slice(record.contentAt, record.contentAt + record.contentLengthBytes),
    ).toBe("content");
    expect(record.sequence).toBe(0);
    expect(record.at + record.lengthBytes - entry.at).toBe(bytes.length);
  });

  it("uses only the first `count` targets", () => {
    journal.publish(publicationOf("k", "c"), [queueNumbered(1, 1), queueNumbered(2, 1)], 1);
    expect(targetsOf(only().bytes, 0)).toEqual([[1, 1, 0]]);
  });

  it("splits a publish to very many queues, and moves only with the first piece", () => {
    const targets = Array.from({ length: 8_200 }, (_, i) => queueNumbered(i + 1, 1));
    journal.beginMove(5, 6);
    journal.publish(publicationOf("k", "c"), targets, targets.length);
    journal.endMove();
    const entries = heard();
    expect(entries.map((x) => x.kind)).toEqual([EntryKind.move, EntryKind.publish]);
    const [first, second] = entries as [Heard, Heard];
    expect(targetsOf(first.bytes, MOVE_PREFIX_BYTES)).toHaveLength(8_192);
    expect(targetsOf(second.bytes, 0).map((x) => x[0])).toEqual(
      Array.from({ length: 8 }, (_, i) => 8_193 + i),
    );
  });

  it("logs settled and returned ranges", () => {
    journal.settle(4, 10, 12);
    journal.returned(4, 13, 14, 3);
    journal.deliveredUpTo(4, 15);
    const entries = heard();
    expect(entries.map((x) => [x.kind, numbersOf(x.bytes)])).toEqual([
      [EntryKind.settle, [4, 10, 12]],
      [EntryKind.returned, [4, 13, 14, 3]],
      [EntryKind.outUpTo, [4, 15]],
    ]);
  });

  it("makes a move one entry", () => {
    journal.beginMove(4, 10);
    journal.publish(publicationOf("dead", "c"), [queueNumbered(8, 1)], 1);
    journal.endMove();
    const { kind, bytes } = only();
    expect(kind).toBe(EntryKind.move);
    expect(numbersOf(bytes.subarray(0, 16))).toEqual([4, 10]);
    expect(targetsOf(bytes, MOVE_PREFIX_BYTES)).toEqual([[8, 1, 0]]);
  });

  it("settles what was moved to nowhere", () => {
    journal.beginMove(4, 10);
    journal.endMove();
    const { kind, bytes } = only();
    expect(kind).toBe(EntryKind.settle);
    expect(numbersOf(bytes)).toEqual([4, 10, 10]);
  });

  it("holds publishes and settlements of a transaction together", () => {
    journal.settle(1, 1, 1);
    let gathered: (() => void)[] = [() => journal.settle(1, 2, 2)];
    journal.gather = () => {
      for (const hand of gathered) hand();
      gathered = [];
    };
    journal.beginTransaction();
    journal.publish(publicationOf("k", "c"), [queueNumbered(2, 5)], 1);
    gathered = [() => journal.settle(1, 3, 4)];
    journal.endTransaction();
    journal.settle(1, 5, 5);

    const entries = heard();
    expect(entries.map((x) => x.kind)).toEqual([
      EntryKind.settle,
      EntryKind.settle,
      EntryKind.transactionPublish,
      EntryKind.commit,
      EntryKind.settle,
    ]);
    const published = entries[2] as Heard;
    expect(numbersOf(published.bytes.subarray(0, 8))).toEqual([1]);
    expect(targetsOf(published.bytes, TRANSACTION_PREFIX_BYTES)).toEqual([[2, 5, 0]]);
    const committed = entries[3] as Heard;
    expect(numbersOf(committed.bytes.subarray(0, 8))).toEqual([1]);
    expect(numbersOf(committed.bytes, CommitField.ranges)).toEqual([1, 3, 4]);
  });

  it("splits a commit with very many settlements; only the last piece decides", () => {
    journal.beginTransaction();
    for (let i = 0; i < 20_000; i++) journal.settle(1, i * 2 + 1, i * 2 + 1);
    journal.endTransaction();
    const entries = heard();
    expect(entries.map((x) => x.kind)).toEqual([EntryKind.commit, EntryKind.commit]);
    const flags = entries.map((x) => x.bytes[CommitField.flags]);
    expect(flags).toEqual([1, 0]);
    const ranges = entries.flatMap((x) => numbersOf(x.bytes, CommitField.ranges));
    expect(ranges).toHaveLength(60_000);
    expect(ranges.slice(-3)).toEqual([1, 39_999, 39_999]);
  });

  it("logs parts of large bodies with their bytes", () => {
    arena.u8.set(Buffer.from("abcde"), memory.read.at);
    journal.part(77, 99_999, 65_536, memory.read.at, 5);
    const { kind, bytes } = only();
    expect(kind).toBe(EntryKind.part);
    expect(numbersOf(bytes.subarray(0, 16))).toEqual([77, 65_536]);
    expect(bytes[PartField.length]).toBe(5);
    expect(Buffer.from(bytes.subarray(PartField.bytes)).toString()).toBe("abcde");
  });

  it("splits long definitions into pieces", () => {
    journal.define("queue", { name: "é", arguments: { filler: "x".repeat(600_000) } });
    const pieces = heard().map((x) => readDefinition(x.bytes, 0));
    expect(pieces.map((x) => [x.kind, x.continued])).toEqual([
      ["queue", true],
      ["queue", false],
    ]);
    const json = Buffer.concat(pieces.map((x) => x.json)).toString();
    expect((JSON.parse(json) as { name: string }).name).toBe("é");
  });
});
