// Everything that is done to a store, each as one change of its disk with what may follow from it.

import type { FakeDisk } from "../../src/env/fake-disk.ts";
import { SeededRandom } from "../../src/env/fake-random.ts";
import { DIRECTORY } from "../simulation/life.ts";
import { anatomyOf, type Part } from "./anatomy.ts";
import type { KnownStore } from "./stores.ts";

/** One way to damage a store. */
export interface DamageCase {
  readonly name: string;
  apply(disk: FakeDisk): void;
  /** Nothing that anybody can see may change. */
  readonly unseen?: boolean;
  /** Must be named, with this file and an offset in this range. */
  readonly named?: { readonly file: string; readonly offset: number };
  /** Only these messages may be gone; undefined = any, as long as damage is named. */
  readonly ids?: readonly number[];
  /** The store may refuse to open, in one sentence. */
  readonly mayRefuse?: boolean;
}

const PAGE_BYTES = 4_096;

/** One of every so many written bits turned over, and of the unwritten ones. */
export function* flips(
  store: KnownStore,
  writtenEvery: number,
  unwrittenEvery: number,
): Generator<DamageCase> {
  for (const part of anatomyOf(store)) {
    const every = part.use === "unwritten" ? unwrittenEvery : writtenEvery;
    for (let bit = part.from * 8; bit < part.to * 8; bit += every) {
      yield flip(part, bit);
    }
  }
}

function flip({ file, use, ids }: Part, bit: number): DamageCase {
  const offset = bit >>> 3;
  const seen = use === "live" ? { named: { file, offset }, ids } : { unseen: true };
  return {
    name: `bit ${bit & 7} of byte ${offset} of ${file} (${use})`,
    apply: (disk) => disk.flipBit(pathOf(file), bit),
    ...seen,
  };
}

export function writtenBytes(store: KnownStore): number {
  const written = anatomyOf(store).filter(({ use }) => use !== "unwritten");
  return written.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** Every file cut at every written byte. */
export function* truncations(store: KnownStore): Generator<DamageCase> {
  for (const { file, from, to, use } of anatomyOf(store)) {
    const step = use === "unwritten" ? 512 : 1;
    for (let length = from; length < to; length += step) {
      yield {
        name: `${file} cut to ${length} bytes`,
        apply: (disk) => {
          const path = pathOf(file);
          disk.setBytes(path, disk.bytesOf(path).slice(0, length));
        },
      };
    }
  }
}

/** Files that are missing, that have each other's names, and that are there twice. */
export function* files(store: KnownStore): Generator<DamageCase> {
  const names = store.disk.files().map((path) => path.slice(DIRECTORY.length + 1));
  for (const name of names) {
    yield { name: `${name} is missing`, apply: (disk) => disk.removeFile(pathOf(name)) };
    for (const copy of ["log/log-00000900", "segments/segment-00000900", "checkpoint.new"]) {
      yield { name: `${copy} is a copy of ${name}`, apply: (disk) => copyFile(disk, name, copy) };
    }
    for (const other of names) {
      if (other === name) continue;
      yield { name: `${other} is a copy of ${name}`, apply: (disk) => copyFile(disk, name, other) };
      if (other > name) continue;
      yield { name: `${name} and ${other} are swapped`, apply: (disk) => swap(disk, name, other) };
    }
  }
  for (const folder of ["log/", "segments/", "checkpoint"]) {
    yield {
      name: `all of ${folder} is missing`,
      mayRefuse: folder === "checkpoint",
      apply: (disk) => {
        for (const name of names) if (name.startsWith(folder)) disk.removeFile(pathOf(name));
      },
    };
  }
}

interface Page {
  readonly file: string;
  readonly offset: number;
}

/** Pages of 4 KiB that are swapped, written twice, or lost; `atMost` of them, chosen by chance. */
export function* pages(store: KnownStore, atMost: number): Generator<DamageCase> {
  const random = new SeededRandom(1);
  const all = writtenPages(store);
  const pairs = all.flatMap((a) => all.filter((b) => b !== a).map((b) => [a, b] as const));
  for (const page of all) {
    yield {
      name: `page ${page.offset} of ${page.file} is lost`,
      apply: (disk) => writePage(disk, page, new Uint8Array(PAGE_BYTES)),
    };
  }
  for (const [a, b] of pairs) {
    if (pairs.length > atMost && !random.chance(atMost / pairs.length)) continue;
    yield {
      name: `page ${a.offset} of ${a.file} lies also at ${b.offset} of ${b.file}`,
      apply: (disk) => writePage(disk, b, readPage(disk, a)),
    };
    if (a.file > b.file || (a.file === b.file && a.offset > b.offset)) continue;
    yield {
      name: `page ${a.offset} of ${a.file} and page ${b.offset} of ${b.file} are swapped`,
      apply: (disk) => {
        const [first, second] = [readPage(disk, a), readPage(disk, b)];
        writePage(disk, a, second);
        writePage(disk, b, first);
      },
    };
  }
}

function writtenPages(store: KnownStore): Page[] {
  const found = new Map<string, Page>();
  for (const { file, from, to, use } of anatomyOf(store)) {
    // Both checkpoints together may be hit only once.
    if (use === "unwritten" || file === "checkpoint-copy") continue;
    for (let page = Math.floor(from / PAGE_BYTES); page * PAGE_BYTES < to; page++) {
      found.set(`${file} ${page}`, { file, offset: page * PAGE_BYTES });
    }
  }
  return [...found.values()];
}

function readPage(disk: FakeDisk, { file, offset }: Page): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  page.set(disk.bytesOf(pathOf(file)).slice(offset, offset + PAGE_BYTES));
  return page;
}

/** Within the file: its length stays. */
function writePage(disk: FakeDisk, { file, offset }: Page, page: Uint8Array): void {
  const bytes = disk.bytesOf(pathOf(file)).slice();
  bytes.set(page.subarray(0, Math.min(PAGE_BYTES, bytes.length - offset)), offset);
  disk.setBytes(pathOf(file), bytes);
}

function copyFile(disk: FakeDisk, from: string, to: string): void {
  disk.setBytes(pathOf(to), disk.bytesOf(pathOf(from)).slice());
}

function swap(disk: FakeDisk, a: string, b: string): void {
  const [first, second] = [disk.bytesOf(pathOf(a)).slice(), disk.bytesOf(pathOf(b)).slice()];
  disk.setBytes(pathOf(a), second);
  disk.setBytes(pathOf(b), first);
}

function pathOf(file: string): string {
  return `${DIRECTORY}/${file}`;
}
