// A payload as bytes, text, JSON or a hex dump.

import { parseJson, writeJson } from "../../api/json.ts";

/** The bytes of a payload as the API gives it. */
export function payloadBytes(payload: string, encoding: "string" | "base64"): Uint8Array {
  if (encoding !== "base64") return new TextEncoder().encode(payload);
  const binary = atob(payload);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The text, or undefined when the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Indented JSON, or undefined when the text is not an object or a list. */
export function prettyJson(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return writeJson(parseJson(text), 2);
  } catch {
    return undefined;
  }
}

const DUMPED_BYTES = 16_384;

/** Sixteen bytes a line: offset, hex, printable characters. Only the beginning of long payloads. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  const end = Math.min(bytes.length, DUMPED_BYTES);
  for (let at = 0; at < end; at += 16) {
    const row = [...bytes.subarray(at, Math.min(at + 16, end))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."))
      .join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  if (end < bytes.length) lines.push("…");
  return lines.join("\n");
}
