// docs/internals/storage-format.md says what is written.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { byteBlock } from "../lib/byte-block.ts";
import { BLOCK_HEADER_BYTES, BlockFlag, closeBlock } from "./block.ts";
import { FILE_HEADER_BYTES, writeFileHeader } from "./file-header.ts";
import { FORMAT_VERSION, Magic } from "./format.ts";

const page = readFileSync(
  new URL("../../docs/internals/storage-format.md", import.meta.url),
  "utf8",
);
const id = { low: 0x11223344, high: 0x55667788 };

/** Rows of the table below a heading: offset, type, meaning. */
function rowsOf(heading: string): [at: number, type: string, meaning: string][] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [body = ""] = section.split("\n## ");
  return [...body.matchAll(/^\| (\d+) +\| (.*?) *\| (.*?) *\|$/gm)].map(
    ([, at, type = "", meaning = ""]) => [Number(at), type, meaning],
  );
}

function read(view: DataView, at: number, type: string): number[] {
  if (type === "f64") return [view.getFloat64(at, true)];
  if (type === "u32") return [view.getUint32(at, true)];
  if (type === "2 u32") return [view.getUint32(at, true), view.getUint32(at + 4, true)];
  return [];
}

function magicText(magic: number): string {
  return String.fromCharCode(...new Uint8Array(new Uint32Array([magic]).buffer));
}

test("file headers are as drawn", () => {
  const { u8, view } = byteBlock(new Uint8Array(FILE_HEADER_BYTES));
  const header = { id, number: 7, createdAtMs: 1_700_000_000_000, sizeBytes: 8_388_608 };
  writeFileHeader(u8, view, 0, Magic.logFile, header);
  const expected = [
    [view.getUint32(0, true)],
    [Magic.logFile],
    [FORMAT_VERSION],
    [8_388_608 / 4_096],
    [id.low, id.high],
    [7],
    [1_700_000_000_000],
  ];
  const rows = rowsOf("File header");
  expect(rows.map(([at, type]) => read(view, at, type))).toEqual(expected);
  for (const kind of ["logFile", "segment", "checkpoint"] as const) {
    expect(rows[1]?.[2]).toContain(magicText(Magic[kind]));
  }
});

test("headers of blocks are as drawn", () => {
  const { u8, view } = byteBlock(new Uint8Array(BLOCK_HEADER_BYTES));
  const header = { lengthBytes: 48, index: 3, batch: 9, position: 4_096, crcBefore: 5 };
  const flags = { isLast: true, goesOn: true, isCopy: true };
  const crc = closeBlock(u8, view, id, 0, { ...header, ...flags });
  const expected = [[crc], [Magic.block], [48], [3], [9], [4_096], [5], [id.low, id.high], [7], []];
  const rows = rowsOf("Blocks");
  expect(rows.map(([at, type]) => read(view, at, type))).toEqual(expected);
  expect(rows.at(-1)?.[0]).toBe(BLOCK_HEADER_BYTES);
  for (const magic of [Magic.block, Magic.checkpointBlock]) {
    expect(rows[1]?.[2]).toContain(magicText(magic));
  }
  expect(rows[8]?.[2]).toMatch(
    new RegExp(`${BlockFlag.lastOfBatch} = last.*${BlockFlag.goesOn} = .*${BlockFlag.copy} = `),
  );
});

test("the version is named", () => {
  expect(page).toContain(`Format version ${FORMAT_VERSION}.`);
});
