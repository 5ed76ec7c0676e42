// What a data directory is, seen from outside: its identity, its lock, and the names in it. Whatever does not look
// like one is refused and left as it is.

import { type Disk, DiskError, isFullDisk, type Random } from "../env/env.ts";
import { crc32Of } from "../lib/crc32.ts";
import { type DirectoryId, directoryIdFrom, directoryIdText, FORMAT_VERSION } from "./format.ts";

/** All names in a data directory are of our own making: nothing a client says becomes part of one. */
export const Name = {
  identity: "leveret.json",
  checkpoint: "checkpoint",
  checkpointCopy: "checkpoint-copy",
  definitions: "definitions.json",
  log: "log",
  segments: "segments",
  transient: "transient",
  reserve: "reserve",
  reserveForLog: "reserve-for-log",
} as const;

const FORMAT = "leveret data directory";
/** Names the disk makes: locks, and files that are about to replace others. */
const DISK_NAMES = /^lock\.\d+$|\.new$/;

export type RefusalCode = "foreign" | "unknown-version" | "locked" | "damaged" | "memory";

/** Why a directory is not opened; the message is one sentence for people. Nothing in it was changed. */
export class StoreRefusal extends Error {
  override readonly name = "StoreRefusal";
  readonly code: RefusalCode;
  constructor(code: RefusalCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

export interface DirectoryIdentity {
  readonly id: DirectoryId;
  /** False while the directory is being made: then there is nothing in it yet. */
  readonly ready: boolean;
}

interface IdentityFile {
  readonly format: string;
  readonly version: number;
  readonly id: string;
  readonly ready: boolean;
  readonly check?: string;
}

/** What may lie in a new directory: the log is opened first, and plugins are chosen before the first start. */
const FROM_BEFORE = ["logs", "enabled_plugins"];

/** Who the directory says it is; undefined when it is new. Refuses others' directories and later versions. */
export async function readIdentity(
  disk: Disk,
  directory: string,
): Promise<DirectoryIdentity | "damaged" | undefined> {
  if ((await disk.stat(directory)) === undefined) return undefined;
  const names = await disk.list(directory);
  if (!names.includes(Name.identity)) {
    const known = new Set<string>([...Object.values(Name), ...FROM_BEFORE]);
    const stranger = names.find((name) => !known.has(name) && !DISK_NAMES.test(name));
    if (stranger !== undefined) {
      throw new StoreRefusal(
        "foreign",
        `${directory} is not a Leveret data directory (it holds ${JSON.stringify(stranger)}): choose an empty one`,
      );
    }
    return names.includes(Name.checkpoint) || names.includes(Name.checkpointCopy)
      ? "damaged"
      : undefined;
  }
  return parseIdentity(directory, await disk.readFile(`${directory}/${Name.identity}`));
}

function parseIdentity(directory: string, bytes: Uint8Array): DirectoryIdentity | "damaged" {
  let file: IdentityFile;
  try {
    file = JSON.parse(new TextDecoder().decode(bytes)) as IdentityFile;
  } catch {
    return "damaged";
  }
  if (typeof file !== "object" || file === null || file.check !== checkOf(file)) return "damaged";
  if (file.version > FORMAT_VERSION) throw unknownVersion(directory, file.version);
  const id = directoryIdFrom(file.id);
  return id === undefined ? "damaged" : { id, ready: file.ready };
}

export function unknownVersion(what: string, version: number): StoreRefusal {
  return new StoreRefusal(
    "unknown-version",
    `${what} was written by a later version of Leveret (format ${version}, this one reads up to ${FORMAT_VERSION}): use that version`,
  );
}

export async function writeIdentity(
  disk: Disk,
  directory: string,
  identity: DirectoryIdentity,
): Promise<void> {
  const { id, ready } = identity;
  const file = { format: FORMAT, version: FORMAT_VERSION, id: directoryIdText(id), ready };
  const text = `${JSON.stringify({ ...file, check: checkOf(file) }, null, 2)}\n`;
  await disk.replaceFile(`${directory}/${Name.identity}`, new TextEncoder().encode(text));
}

export function newDirectoryId(random: Random): DirectoryId {
  const bytes = new Uint8Array(8);
  random.fill(bytes);
  const view = new DataView(bytes.buffer);
  return { low: view.getUint32(0, true), high: view.getUint32(4, true) };
}

/** Takes the directory for this process alone. On a full disk the reserve makes room for it: consumers can go on then. */
export async function lockDirectory(disk: Disk, directory: string): Promise<Lock> {
  try {
    return await disk.lock(directory);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    if (error.code === "ELOCKED") throw new StoreRefusal("locked", error.message);
    const reserve = `${directory}/${Name.reserve}`;
    if (!isFullDisk(error) || (await disk.stat(reserve)) === undefined) throw error;
    await disk.unlink(reserve);
    return lockDirectory(disk, directory);
  }
}

interface Lock {
  release(): Promise<void>;
}

function checkOf({ format, version, id, ready }: IdentityFile): string {
  const bytes = new TextEncoder().encode(JSON.stringify([format, version, id, ready]));
  return crc32Of(bytes, 0, bytes.length).toString(16).padStart(8, "0");
}
