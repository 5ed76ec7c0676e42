import { describe, expect, it } from "vitest";
import { ProxyProtocol } from "./proxy-protocol.ts";

const reader = new ProxyProtocol([]);
const line = (text: string) => Buffer.from(text, "latin1");

function v2(command: number, family: number, payload: number[]): Uint8Array {
  const signature = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
  return Uint8Array.from([...signature, 0x20 | command, family, 0, payload.length, ...payload]);
}
const addresses4 = [192, 0, 2, 7, 10, 0, 0, 1, 0xdc, 0x04, 0x16, 0x28];

describe("the PROXY protocol", () => {
  it("reads version 1, at every split", () => {
    const bytes = line("PROXY TCP4 192.0.2.7 10.0.0.1 56324 5672\r\nAMQP");
    const complete = {
      kind: "complete",
      lengthBytes: bytes.length - 4,
      peer: { address: "192.0.2.7", port: 56_324 },
      local: { address: "10.0.0.1", port: 5_672 },
    };
    for (let length = 0; length < bytes.length - 4; length++) {
      expect(reader.read(bytes.subarray(0, length))).toEqual({ kind: "incomplete" });
    }
    expect(reader.read(bytes)).toEqual(complete);
  });

  it("reads version 2, extensions and IPv6 included, at every split", () => {
    const bytes = v2(1, 0x11, [...addresses4, 4, 0, 1, 0]);
    for (let length = 0; length < bytes.length; length++) {
      expect(reader.read(bytes.subarray(0, length))).toEqual({ kind: "incomplete" });
    }
    expect(reader.read(bytes)).toMatchObject({
      lengthBytes: bytes.length,
      peer: { address: "192.0.2.7", port: 56_324 },
      local: { address: "10.0.0.1", port: 5_672 },
    });
    const six = [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1];
    const ipv6 = reader.read(v2(1, 0x21, [...six, ...six, 0, 1, 0, 2]));
    expect(ipv6).toMatchObject({ peer: { address: "2001:db8::1", port: 1 } });
  });

  it("lets a proxy speak for itself", () => {
    expect(reader.read(line("PROXY UNKNOWN\r\n"))).toEqual({ kind: "complete", lengthBytes: 15 });
    expect(reader.read(v2(0, 0, []))).toEqual({ kind: "complete", lengthBytes: 16 });
  });

  it.each([
    ["another protocol", line("AMQP\0\0\x09\x01")],
    ["a line without end", line(`PROXY TCP4 ${"1".repeat(120)}`)],
    ["no addresses", line("PROXY TCP4\r\n")],
    ["an address that is none", line("PROXY TCP4 999.0.2.7 10.0.0.1 1 2\r\n")],
    ["a port that is none", line("PROXY TCP4 192.0.2.7 10.0.0.1 1 70000\r\n")],
    ["an unknown version", Uint8Array.from([...v2(1, 0x11, addresses4)].with(12, 0x31))],
    ["too few addresses", v2(1, 0x11, [1, 2, 3, 4])],
  ])("refuses %s", (_what, bytes) => {
    expect(reader.read(bytes).kind).toBe("invalid");
  });

  it("believes only whom it was told to believe", () => {
    const strict = new ProxyProtocol(["10.0.0.9"]);
    expect(strict.trusts({ address: "10.0.0.9", port: 1 })).toBe(true);
    expect(strict.trusts({ address: "10.0.0.8", port: 1 })).toBe(false);
    expect(reader.trusts({ address: "10.0.0.8", port: 1 })).toBe(true);
  });
});
