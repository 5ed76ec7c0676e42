// A directory for tests: entries in memory, served over LDAP. It knows binds and searches, and the three filters ours
// are built from.

import { createServer, type Server, type Socket } from "node:net";

export interface TestEntry {
  readonly password?: string;
  readonly [attribute: string]: string | readonly string[] | undefined;
}

interface Element {
  readonly tag: number;
  readonly bytes: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

const [BIND, SEARCH, UNBIND] = [0x60, 0x63, 0x42];
const [AND, EQUALS] = [0xa0, 0xa3];
const [SUCCESS, NO_SUCH_OBJECT, INVALID_CREDENTIALS] = [0, 32, 49];
const [BASE, ONE] = [0, 1];

function elementAt(bytes: Buffer, at: number): Element | undefined {
  if (bytes.length < at + 2) return undefined;
  let length = bytes[at + 1] as number;
  let start = at + 2;
  if (length > 127) {
    const count = length & 127;
    if (bytes.length < start + count) return undefined;
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  if (bytes.length < start + length) return undefined;
  return {
    tag: bytes[at] as number,
    bytes: bytes.subarray(start, start + length),
    end: start + length,
  };
}

function children(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at) as Element;
    found.push(element);
    at = element.end;
  }
  return found;
}

function element(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = [0x84, body.length >>> 24, body.length >>> 16, body.length >>> 8, body.length];
  return Buffer.concat([Buffer.from([tag, ...length.map((each) => each & 255)]), body]);
}

export class TestDirectory {
  readonly seen: string[] = [];
  readonly #entries: Map<string, TestEntry>;
  readonly #server: Server;

  constructor(entries: Readonly<Record<string, TestEntry>>) {
    this.#entries = new Map(Object.entries(entries));
    this.#server = createServer((socket) => {
      let pending = Buffer.alloc(0);
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        pending = Buffer.concat([pending, bytes]);
        for (
          let found = elementAt(pending, 0);
          found !== undefined;
          found = elementAt(pending, 0)
        ) {
          pending = pending.subarray(found.end);
          this.#onMessage(socket, found.bytes);
        }
      });
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        resolve((this.#server.address() as { port: number }).port);
      });
    });
  }

  close(): void {
    this.#server.close();
  }

  #onMessage(socket: Socket, message: Buffer): void {
    const [id, operation] = children(message) as [Element, Element];
    const send = (tag: number, ...parts: readonly Buffer[]) =>
      socket.write(element(0x30, element(0x02, id.bytes), element(tag, ...parts)));
    const result = (tag: number, code: number) =>
      send(tag, element(0x0a, Buffer.from([code])), element(0x04, ""), element(0x04, ""));
    if (operation.tag === UNBIND) return;
    if (operation.tag === BIND) result(0x61, this.#bind(operation.bytes));
    if (operation.tag !== SEARCH) return;
    const found = this.#search(operation.bytes);
    for (const [dn, attributes] of found ?? []) {
      const shown = Object.entries(attributes).map(([name, values]) =>
        element(
          0x30,
          element(0x04, name),
          element(0x31, ...values.map((value) => element(0x04, value))),
        ),
      );
      send(0x64, element(0x04, dn), element(0x30, ...shown));
    }
    result(0x65, found === undefined ? NO_SUCH_OBJECT : SUCCESS);
  }

  #bind(request: Buffer): number {
    const [, name, password] = children(request) as [Element, Element, Element];
    const dn = name.bytes.toString();
    this.seen.push(`bind ${dn}`);
    const isRight = this.#entries.get(dn)?.password === password.bytes.toString();
    return isRight ? SUCCESS : INVALID_CREDENTIALS;
  }

  /** Undefined: the base is not there. */
  #search(request: Buffer): readonly (readonly [string, Record<string, string[]>])[] | undefined {
    const parts = children(request);
    const base = parts[0]?.bytes.toString() ?? "";
    const scope = parts[1]?.bytes[0];
    const filter = parts[6] as Element;
    const wanted = children(parts[7]?.bytes ?? Buffer.alloc(0)).map(({ bytes }) => `${bytes}`);
    this.seen.push(`search ${base}`);
    const names = [...this.#entries.keys()];
    if (!names.some((name) => name === base || name.endsWith(`,${base}`))) return undefined;
    if (scope === BASE && !this.#entries.has(base)) return undefined;
    const inScope = names.filter((name) => {
      if (scope === BASE) return name === base;
      if (!name.endsWith(`,${base}`)) return name === base && scope !== ONE;
      return scope !== ONE || !name.slice(0, -base.length - 1).includes(",");
    });
    return inScope
      .filter((name) => this.#passes(name, filter))
      .map((name) => [name, this.#attributes(name, wanted)]);
  }

  #attributes(name: string, wanted: readonly string[]): Record<string, string[]> {
    const shown = wanted.filter((attribute) => this.#entries.get(name)?.[attribute] !== undefined);
    return Object.fromEntries(shown.map((attribute) => [attribute, this.#values(name, attribute)]));
  }

  #values(name: string, attribute: string): string[] {
    const value = this.#entries.get(name)?.[attribute];
    return value === undefined ? [] : [value].flat();
  }

  #passes(name: string, { tag, bytes }: Element): boolean {
    if (tag === AND) return children(bytes).every((inner) => this.#passes(name, inner));
    if (tag !== EQUALS) return true;
    const [attribute, value] = children(bytes).map((part) => part.bytes.toString());
    return this.#values(name, attribute ?? "").includes(value ?? "");
  }
}
