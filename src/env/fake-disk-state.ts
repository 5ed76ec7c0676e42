// What a fake disk remembers: for each file what is in the cache and what has reached the platter, sector by sector,
// and the order in which names changed.

/** The unit that is written wholly or not at all. */
const SECTOR_BYTES = 512;
const NOTHING = new Uint8Array(0);

export type SurvivalOfSector = () => boolean;

export class FakeInode {
  readonly isDirectory: boolean;
  #current: Uint8Array;
  #durable: Uint8Array;
  /** The arrays are others' too: whoever changes one takes a copy of it first. */
  #sharesCurrent = true;
  #sharesDurable = true;
  #size: number;
  #durableSize: number;
  /** Sectors whose cached bytes have not reached the platter, in the order they were written last. */
  readonly #dirty = new Set<number>();

  /** `content` may be changed by nobody from now on. */
  constructor(isDirectory: boolean, content: Uint8Array = NOTHING) {
    this.isDirectory = isDirectory;
    this.#current = content;
    this.#durable = content;
    this.#size = content.length;
    this.#durableSize = content.length;
  }

  get bytes(): Uint8Array {
    return this.#current.subarray(0, this.#size);
  }

  get sizeBytes(): number {
    return this.#size;
  }

  get dirtySectorCount(): number {
    return this.#dirty.size;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.grow(offset + bytes.length);
    this.#ownCurrent();
    this.#current.set(bytes, offset);
    const last = Math.floor((offset + bytes.length - 1) / SECTOR_BYTES);
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector <= last; sector++) {
      this.#dirty.delete(sector);
      this.#dirty.add(sector);
    }
  }

  /** Makes the file longer, with zeros. */
  grow(sizeBytes: number): void {
    if (sizeBytes <= this.#size) return;
    if (sizeBytes > this.#current.length) {
      const more = new Uint8Array(Math.max(sizeBytes, this.#current.length * 2));
      more.set(this.#current);
      this.#current = more;
      this.#sharesCurrent = false;
    }
    this.#size = sizeBytes;
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes >= this.#size) {
      this.grow(sizeBytes);
      return;
    }
    this.#ownCurrent();
    this.#current.fill(0, sizeBytes, this.#size);
    this.#size = sizeBytes;
    // The part that was cut off reads as zeros if the file grows again.
    for (const sector of this.#dirty) {
      if (sector * SECTOR_BYTES >= sizeBytes) this.#dirty.delete(sector);
    }
  }

  /** What is dirty reaches the platter; what a failed sync has forgotten does not, however clean it looks. */
  sync(): void {
    this.#growDurable(Math.max(this.#size, this.#durableSize));
    if (this.#durableSize > this.#size) {
      this.#ownDurable();
      this.#durable.fill(0, this.#size, this.#durableSize);
    }
    this.#durableSize = this.#size;
    for (const sector of this.#dirty) this.#copySector(sector);
    this.#dirty.clear();
  }

  /** What a synced write does when it is done. */
  syncRange(offset: number, lengthBytes: number): void {
    this.#growDurable(Math.max(this.#durableSize, Math.min(offset + lengthBytes, this.#size)));
    const last = Math.floor((offset + lengthBytes - 1) / SECTOR_BYTES);
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector <= last; sector++) {
      this.#copySector(sector);
      this.#dirty.delete(sector);
    }
  }

  /** A sync that failed: the cache thinks it is clean, the platter has nothing. */
  failSync(): void {
    this.#dirty.clear();
  }

  flipBit(bit: number): void {
    const at = bit >>> 3;
    const mask = 1 << (bit & 7);
    this.#ownCurrent();
    this.#ownDurable();
    for (const bytes of [this.#current, this.#durable]) {
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ mask;
    }
  }

  afterCrash(survives: SurvivalOfSector, random: () => number): FakeInode {
    if (this.isDirectory) return new FakeInode(true);
    if (this.#dirty.size === 0 && this.#size === this.#durableSize) return this.#sharedDurable();
    const kept: number[] = [];
    for (const sector of this.#dirty) if (survives()) kept.push(sector);
    const sizeKept = this.#size === this.#durableSize || kept.length > 0 || random() < 0.5;
    const size = sizeKept ? this.#size : this.#durableSize;
    const content = new Uint8Array(size);
    content.set(this.#durable.subarray(0, Math.min(size, this.#durableSize)));
    for (const sector of kept) {
      const from = sector * SECTOR_BYTES;
      if (from >= size) continue;
      content.set(this.#current.subarray(from, Math.min(from + SECTOR_BYTES, size)), from);
    }
    return new FakeInode(false, content);
  }

  /** What is on the platter, without a copy of it. */
  #sharedDurable(): FakeInode {
    this.#sharesDurable = true;
    if (this.#current === this.#durable) this.#sharesCurrent = true;
    return new FakeInode(false, this.#durable.subarray(0, this.#durableSize));
  }

  #ownCurrent(): void {
    if (!this.#sharesCurrent) return;
    this.#current = this.#current.slice();
    this.#sharesCurrent = false;
  }

  #ownDurable(): void {
    if (!this.#sharesDurable) return;
    this.#durable = this.#durable.slice();
    this.#sharesDurable = false;
  }

  #growDurable(sizeBytes: number): void {
    if (sizeBytes > this.#durable.length) {
      const more = new Uint8Array(Math.max(sizeBytes, this.#durable.length * 2));
      more.set(this.#durable);
      this.#durable = more;
      this.#sharesDurable = false;
    }
    this.#durableSize = sizeBytes;
  }

  #copySector(sector: number): void {
    const from = sector * SECTOR_BYTES;
    const to = Math.min(from + SECTOR_BYTES, this.#size);
    if (from >= to) return;
    this.#growDurable(Math.max(this.#durableSize, to));
    this.#ownDurable();
    this.#durable.set(this.#current.subarray(from, to), from);
  }
}

/** One change of names in one directory; `remove` or `add` may be empty. */
export interface NameChange {
  readonly directory: string;
  readonly remove: string;
  readonly add: string;
  readonly inode: FakeInode;
}

/** The names after a crash: each directory keeps some first part of what happened in it. */
export function crashedNames(
  durable: ReadonlyMap<string, FakeInode>,
  changes: readonly NameChange[],
  kind: string,
  random: () => number,
): Map<string, FakeInode> {
  const names = new Map(durable);
  const inTime = kind === "prefix" ? Math.floor(random() * (changes.length + 1)) : changes.length;
  const stopped = new Set<string>();
  if (kind === "nothing") return names;
  for (const { directory, remove, add, inode } of changes.slice(0, inTime)) {
    if (kind === "any" && random() < 0.3) stopped.add(directory);
    if (stopped.has(directory)) continue;
    if (remove !== "") names.delete(remove);
    if (add !== "") names.set(add, inode);
  }
  for (const name of [...names.keys()].sort()) {
    const parent = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    if (parent !== "" && !names.has(parent)) names.delete(name);
  }
  return names;
}
