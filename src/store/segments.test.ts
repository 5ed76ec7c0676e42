import { expect, test } from "vitest";
import type { PageHandle, PageOwner } from "../broker/ports.ts";
import { MEDIUM_PAGE_BYTES, SMALL_PAGE_BYTES } from "../lib/page-pool.ts";
import { DIRECTORY, StoreWorld } from "./testing/store-world.ts";

test("a small page that stays does not keep on disk what has passed through", async () => {
  const world = new StoreWorld(21);
  const { store } = await world.open({ segmentBytes: 8 * 1_048_576 });
  const [stays, passes] = [
    world.memory.pages.allocate(SMALL_PAGE_BYTES),
    world.memory.pages.allocate(MEDIUM_PAGE_BYTES),
  ];
  const pass = (ms: number) =>
    world.done(new Promise<void>((resolve) => void world.clock.setTimer(ms, resolve)));
  const owner: PageOwner = {
    pagesHoldRecords: false,
    onPageWritten: (token, handle) => {
      if (token === 1) store.pager.release(handle);
    },
    onPageRead() {},
    onPageDamaged() {},
    onPageFailed() {},
  };
  for (let i = 0; i < 64; i++) {
    store.pager.write(owner, 0, i, stays, 1_024, true);
    store.pager.write(owner, 1, 1_000, passes, 60_000, true);
    await pass(30);
  }
  // What was written is given up with the next checkpoint, even by the segment that is still written to.
  store.wantCheckpoint();
  await pass(1_000);
  const files = world.disk.files().filter((name) => name.startsWith(`${DIRECTORY}/segments/`));
  const bytes = files.reduce((sum, name) => sum + world.disk.bytesOf(name).length, 0);
  expect(bytes).toBeGreaterThan(64 * 1_024);
  expect(bytes).toBeLessThan(64 * 1_200 + 1_048_576 + 60_000);
});

test("a segment without messages goes soon, though nothing else is written", async () => {
  const world = new StoreWorld(22);
  const { store } = await world.open();
  const at = world.memory.pages.allocate(MEDIUM_PAGE_BYTES);
  const pages: PageHandle[] = [];
  const owner: PageOwner = {
    pagesHoldRecords: false,
    onPageWritten: (_token, handle) => pages.push(handle),
    onPageRead() {},
    onPageDamaged() {},
    onPageFailed() {},
  };
  const pass = (ms: number) =>
    world.done(new Promise<void>((resolve) => void world.clock.setTimer(ms, resolve)));
  const segments = () => world.disk.files().filter((name) => name.includes("/segment-"));
  for (let i = 0; i < 8; i++) store.pager.write(owner, 0, 1, at, 60_000, true);
  await pass(100);
  store.wantCheckpoint();
  await pass(1_000);
  expect(segments().length).toBeGreaterThan(1);
  for (const page of pages) store.pager.release(page);
  await pass(10_000);
  expect(segments()).toEqual([]);
});
