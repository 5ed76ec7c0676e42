import fc from "fast-check";
import { expect, test } from "vitest";
import { MESSAGE_FLAGS, RECORD_FLAGS_OFFSET, RecordView } from "../message/record.ts";
import { createFixture } from "./fixture.ts";
import { locationOf, NO_LOG_POSITION } from "./page.ts";
import { PageChain } from "./page-chain.ts";
import { PageScan } from "./page-scan.ts";
import { QueuePages } from "./queue-pages.ts";

function newChain() {
  const { context, memory, publication } = createFixture({}, 16);
  const from = { pool: memory.pages, pager: context.pager, budget: context.pageBudget };
  const pages = new QueuePages(from, 1, false);
  const chain = new PageChain(memory.arena, pages, new PageScan(memory.arena, context.bodies), 0);
  return { chain, publication, memory };
}

/** All that is known of a chain, and the bytes of its records, but for what tells that they were stored in a row. */
function describe({ chain, memory }: ReturnType<typeof newChain>) {
  const pages = [];
  const record = new RecordView(memory.arena);
  for (let page = chain.firstPage; page !== undefined; page = page.next) {
    for (record.at = page.address; record.at < page.address + page.usedBytes; ) {
      memory.arena.u8[record.at + RECORD_FLAGS_OFFSET]! &= MESSAGE_FLAGS;
      record.at += record.lengthBytes;
    }
    const { usedBytes, live, unread, unreadBytes, firstSequence, lastSequence, sizeBytes } = page;
    const records = memory.arena.buffer.toString("latin1", page.address, page.address + usedBytes);
    pages.push({ live, unread, unreadBytes, firstSequence, lastSequence, sizeBytes, records });
  }
  const { unread, lastSequence, appendedOffset } = chain;
  return { pages, unread, lastSequence, appendedOffset };
}

const rows = fc.array(
  fc.record({ count: fc.integer({ min: 1, max: 100 }), sizeBytes: fc.nat(300) }),
  { minLength: 1, maxLength: 20 },
);

test("a row is appended as its messages are one by one", () => {
  fc.assert(
    fc.property(rows, (all) => {
      const [single, inRows] = [newChain(), newChain()];
      for (const { count, sizeBytes } of all) {
        const body = Buffer.alloc(sizeBytes, "x");
        for (let left = count; left > 0; ) {
          // All messages of the row are the one in the fixture's memory.
          const done = inRows.chain.appendRow(inRows.publication(body), left, 0);
          expect(done).toBeGreaterThan(0);
          left -= done;
        }
        for (let index = 0; index < count; index++) {
          single.chain.append(single.publication(body), 0, NO_LOG_POSITION);
        }
      }
      expect(describe(inRows)).toEqual(describe(single));
    }),
    { numRuns: 30 },
  );
});

test("a row ends where one of its messages is gone, and where the next message came alone", () => {
  const { chain, publication, memory } = newChain();
  const body = Buffer.from("x");
  chain.append(publication(body), 0, NO_LOG_POSITION);
  chain.appendRow(publication(body), 5, 0);
  chain.append(publication(body), 0, NO_LOG_POSITION);
  const record = new RecordView(memory.arena);
  record.at = chain.headAt();
  const { lengthBytes, bodySizeBytes } = record;
  const pass = (sequence: number, count: number) => {
    chain.passHead(lengthBytes, bodySizeBytes * count, sequence, count);
    chain.headAt();
  };
  expect(chain.rowLength(9)).toBe(1);
  pass(1, 1);
  expect([chain.rowLength(9), chain.rowLength(3)]).toEqual([5, 3]);
  const page = chain.headPage!;
  chain.settleUnread(page, 4, locationOf(page, 3 * lengthBytes, false), bodySizeBytes);
  expect(chain.rowLength(9)).toBe(2);
  pass(2, 2);
  expect(chain.rowLength(9)).toBe(2);
  pass(5, 2);
  expect(chain.rowLength(9)).toBe(1);
});
