// The PROXY protocol, versions 1 and 2: what a trusted proxy says about the client in front of it.
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt

import type { Endpoint, ProxyHeader, ProxyHeaderReader } from "../env/env.ts";

/** "\r\n\r\n\0\r\nQUIT\n": no protocol begins like that by accident. */
const SIGNATURE_V2 = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);
const HEADER_V2_BYTES = 16;
const SIGNATURE_V1 = Buffer.from("PROXY ", "latin1");
/** The longest line of version 1, line end included. */
const LINE_V1_BYTES_MAX = 107;

const INCOMPLETE: ProxyHeader = { kind: "incomplete" };
const invalid = (reason: string): ProxyHeader => ({ kind: "invalid", reason });

/** Believes proxies at the given addresses; an empty list believes every peer. */
export class ProxyProtocol implements ProxyHeaderReader {
  readonly #trusted: ReadonlySet<string>;

  constructor(trustedAddresses: readonly string[]) {
    this.#trusted = new Set(trustedAddresses);
  }

  trusts(peer: Endpoint): boolean {
    return this.#trusted.size === 0 || this.#trusted.has(peer.address);
  }

  read(bytes: Uint8Array): ProxyHeader {
    if (startsLike(bytes, SIGNATURE_V2)) return readV2(bytes);
    if (startsLike(bytes, SIGNATURE_V1)) return readV1(bytes);
    return invalid("the connection does not begin with a PROXY header");
  }
}

/** True as long as `bytes` can still become something that begins with `signature`. */
function startsLike(bytes: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== signature[i]) return false;
  return true;
}

/** `PROXY TCP4 <source> <destination> <source port> <destination port>\r\n`, or `PROXY UNKNOWN ...\r\n`. */
function readV1(bytes: Uint8Array): ProxyHeader {
  const text = Buffer.from(bytes.subarray(0, LINE_V1_BYTES_MAX)).toString("latin1");
  const end = text.indexOf("\r\n");
  if (end < 0) {
    return bytes.length < LINE_V1_BYTES_MAX ? INCOMPLETE : invalid("the PROXY line is too long");
  }
  const lengthBytes = end + 2;
  const [, family, source, destination, sourcePort, destinationPort, ...rest] = text
    .slice(0, end)
    .split(" ");
  if (family === "UNKNOWN") return { kind: "complete", lengthBytes };
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : 0;
  const peer = endpoint(version, source, sourcePort);
  const local = endpoint(version, destination, destinationPort);
  if (peer === undefined || local === undefined || rest.length > 0) {
    return invalid("the PROXY line names no two addresses");
  }
  return { kind: "complete", lengthBytes, peer, local };
}

function endpoint(version: number, address: string | undefined, port: string | undefined) {
  if (address === undefined || port === undefined || !/^\d{1,5}$/.test(port)) return undefined;
  const isAddress =
    version === 4
      ? /^(\d{1,3}\.){3}\d{1,3}$/.test(address) &&
        address.split(".").every((part) => Number(part) < 256)
      : version === 6 && /^[0-9a-fA-F:.]{2,45}$/.test(address) && address.includes(":");
  return isAddress && Number(port) < 65_536 ? { address, port: Number(port) } : undefined;
}

/** Signature, version and command, family and transport, length, addresses, then extensions that are passed over. */
function readV2(bytes: Uint8Array): ProxyHeader {
  if (bytes.length < HEADER_V2_BYTES) return INCOMPLETE;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.readUInt8(12) >> 4;
  const command = view.readUInt8(12) & 15;
  if (version !== 2 || command > 1) return invalid("the PROXY header has an unknown version");
  const lengthBytes = HEADER_V2_BYTES + view.readUInt16BE(14);
  if (bytes.length < lengthBytes) return INCOMPLETE;
  const LOCAL = 0;
  if (command === LOCAL) return { kind: "complete", lengthBytes };
  const family = families[view.readUInt8(13) >> 4];
  if (family === undefined) return { kind: "complete", lengthBytes };
  const { addressBytes, read } = family;
  const portsAt = HEADER_V2_BYTES + 2 * addressBytes;
  if (lengthBytes < portsAt + 4) return invalid("the PROXY header is too short for its addresses");
  return {
    kind: "complete",
    lengthBytes,
    peer: { address: read(view, HEADER_V2_BYTES), port: view.readUInt16BE(portsAt) },
    local: {
      address: read(view, HEADER_V2_BYTES + addressBytes),
      port: view.readUInt16BE(portsAt + 2),
    },
  };
}

interface Family {
  readonly addressBytes: number;
  readonly read: (bytes: Buffer, at: number) => string;
}

/** By the upper half of the family octet; others (Unix sockets) say nothing about addresses. */
const families: Readonly<Record<number, Family>> = {
  1: { addressBytes: 4, read: (bytes, at) => bytes.subarray(at, at + 4).join(".") },
  2: { addressBytes: 16, read: readIpv6 },
};

function readIpv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + i * 2).toString(16));
  return groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}
