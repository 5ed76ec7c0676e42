import { describe, expect, it } from "vitest";
import type { Socket } from "../env/env.ts";
import { Memory } from "../lib/memory.ts";
import { NO_PAGE } from "../lib/page-pool.ts";
import { OUTPUT_PENDING_BYTES_MAX, Output, type OutputOwner } from "./output.ts";

/** A socket that takes everything at once, or keeps each write until told. */
class HandSocket {
  readonly written: string[] = [];
  remembers = true;
  lengths: number[] = [];
  takesAtOnce = true;
  ended = false;
  readonly #memory: Memory;
  constructor(memory: Memory) {
    this.#memory = memory;
  }
  write(at: number, lengthBytes: number): boolean {
    if (this.remembers)
      this.written.push(this.#memory.arena.buffer.latin1Slice(at, at + lengthBytes));
    if (this.remembers) this.lengths.push(lengthBytes);
    return this.takesAtOnce;
  }
  end(): void {
    this.ended = true;
  }
}

function create() {
  const memory = new Memory({ arenaBytes: 16 * 1_048_576 });
  const socket = new HandSocket(memory);
  const heard = { room: 0, exhausted: 0, output: 0 };
  const owner: OutputOwner = {
    onOutputRoom: () => heard.room++,
    onOutputExhausted: () => heard.exhausted++,
    onOutput: () => heard.output++,
  };
  const output = new Output(memory, socket as unknown as Socket, owner);
  const put = (text: string) => {
    const at = output.reserve(text.length);
    if (at === NO_PAGE) return;
    memory.arena.buffer.latin1Write(text, at, text.length);
    output.commit(text.length);
  };
  return { memory, socket, heard, output, put };
}

describe("output", () => {
  it("is one write per flush and gives its slab back", () => {
    const { memory, socket, output, put, heard } = create();
    put("one");
    put("two");
    expect(socket.written).toEqual([]);
    expect(heard.output).toBe(1);
    output.flush();
    expect(socket.written).toEqual(["onetwo"]);
    expect(memory.output.usedBytes).toBe(0);
    expect(output.pendingBytes).toBe(0);
  });

  it("never touches bytes in flight and keeps their order", () => {
    const { socket, output, put, memory } = create();
    socket.takesAtOnce = false;
    put("first");
    output.flush();
    put("second");
    output.flush();
    expect(socket.written).toEqual(["first"]);
    socket.takesAtOnce = true;
    output.onSent();
    expect(socket.written).toEqual(["first", "second"]);
    expect(memory.output.usedBytes).toBe(0);
  });

  it("grows its slab within a turn so that much output is still one write", () => {
    const { socket, output, put } = create();
    const piece = "x".repeat(3_000);
    for (let i = 0; i < 200; i++) put(piece);
    output.flush();
    expect(socket.lengths).toEqual([600_000]);
  });

  it("writes lent bytes from where they lie, and gives their page back when they are under way", () => {
    const { memory, socket, output, put } = create();
    const page = memory.output.allocate(1_048_576);
    memory.arena.buffer.latin1Write("lent", page + 100, 4);
    put("before ");
    output.flush();
    expect(output.takesLent).toBe(true);
    expect(output.writeLent(page, page + 100, 4, 1)).toBe(true);
    expect(memory.output.usedBytes).toBe(1_048_576);
    socket.takesAtOnce = false;
    expect(output.writeLent(page, page + 100, 4, 1)).toBe(false);
    expect([output.takesLent, output.pendingBytes]).toEqual([false, 4]);
    put(" behind");
    output.flush();
    expect(socket.written).toEqual(["before ", "lent", "lent"]);
    socket.takesAtOnce = true;
    output.onSent();
    expect(socket.written).toEqual(["before ", "lent", "lent", " behind"]);
    expect([output.takesLent, output.pendingBytes, memory.output.usedBytes]).toEqual([true, 0, 0]);
    expect(output.sentBytes).toBe(7 + 4 + 4 + 7);
  });

  it("stops deliveries at its bound, and says when there is room again", () => {
    const { socket, output, put, heard, memory } = create();
    socket.takesAtOnce = false;
    const piece = "y".repeat(60_000);
    while (output.writable) put(piece);
    expect(output.pendingBytes).toBeGreaterThanOrEqual(OUTPUT_PENDING_BYTES_MAX);
    expect(output.pendingBytes).toBeLessThan(OUTPUT_PENDING_BYTES_MAX + 60_000);
    output.flush();
    expect(heard.room).toBe(0);
    socket.takesAtOnce = true;
    output.onSent();
    output.flush();
    expect(heard.room).toBe(1);
    expect(output.writable).toBe(true);
    expect(memory.output.usedBytes).toBe(0);
  });

  it("tells its owner when there is no memory for a reply", () => {
    const { output, heard, memory } = create();
    while (memory.output.allocate(1_048_576) !== NO_PAGE);
    expect(output.writable).toBe(false);
    expect(output.reserve(10)).toBe(NO_PAGE);
    expect(heard.exhausted).toBe(1);
  });

  it("ends the socket only when everything has left", () => {
    const { socket, output, put } = create();
    socket.takesAtOnce = false;
    put("bye");
    output.end();
    expect(socket.ended).toBe(false);
    output.onSent();
    expect(socket.ended).toBe(true);
  });

  it("gives everything back when the socket is gone", () => {
    const { socket, output, put, memory } = create();
    socket.takesAtOnce = false;
    put("z".repeat(100));
    output.flush();
    put("w".repeat(100_000));
    output.close();
    expect(memory.output.usedBytes).toBe(0);
    expect(output.reserve(1)).toBe(NO_PAGE);
  });
});

describe("many outputs with more to say than there is memory", () => {
  it("never take what replies need, and all go on when others have been sent", () => {
    const memory = new Memory({ arenaBytes: 16 * 1_048_576 });
    const heard = { exhausted: 0 };
    const outputs = Array.from({ length: 200 }, () => {
      const socket = new HandSocket(memory);
      socket.takesAtOnce = false;
      socket.remembers = false;
      const each = { delivered: 0, wakes: 0 };
      const deliver = () => {
        while (output.writable) {
          if (output.reserve(1_000) === NO_PAGE) return;
          output.commit(1_000);
          each.delivered++;
        }
      };
      const output: Output = new Output(memory, socket as unknown as Socket, {
        onOutputRoom: () => {
          each.wakes++;
          deliver();
        },
        onOutputExhausted: () => heard.exhausted++,
        onOutput: () => {},
      });
      return { ...{ socket, output, each, deliver } };
    });
    for (const { deliver } of outputs) deliver();
    expect(heard.exhausted).toBe(0);
    expect(memory.output.freeBytes).toBeGreaterThan(0);
    const waiting = outputs.filter(({ each }) => each.delivered === 0);
    expect(waiting.length).toBeGreaterThan(0);
    for (let round = 0; round < 300; round++) {
      for (const { output } of outputs) {
        output.flush();
        output.onSent();
      }
    }
    // Replies to all of them find room, whatever their connections used to fill.
    for (const { output } of outputs) {
      output.flush();
      if (output.reserve(20) !== NO_PAGE) output.commit(20);
    }
    expect(heard.exhausted).toBe(0);
    for (const { each } of outputs) expect(each.delivered).toBeGreaterThan(0);
  });
});

describe("clients that do not read", () => {
  const memory = new Memory({ arenaBytes: 256 * 1_048_576 });

  /** A consumer with a long queue of messages of that size. */
  function consumer(sizeBytes: number, takesAtOnce: boolean) {
    const socket = new HandSocket(memory);
    socket.takesAtOnce = takesAtOnce;
    socket.remembers = false;
    const each = { delivered: 0, isAwake: true, wanted: Number.POSITIVE_INFINITY };
    const output: Output = new Output(memory, socket as unknown as Socket, {
      onOutputRoom: () => {
        each.isAwake = true;
      },
      onOutputExhausted: () => {
        throw new Error("exhausted");
      },
      onOutput: () => {},
    });
    const turn = () => {
      // As a queue, it does not hand over more than so much in one turn.
      const until = Math.min(each.wanted, each.delivered + 2_000);
      while (each.isAwake && each.delivered < until) {
        each.isAwake = output.writable;
        if (!each.isAwake) break;
        if (output.reserve(sizeBytes) === NO_PAGE) throw new Error("no memory");
        output.commit(sizeBytes);
        each.delivered++;
      }
      output.flush();
    };
    return { socket, output, each, turn };
  }

  it.each([
    [1_000, 1_500],
    [20_000, 180],
  ])("messages of %i bytes: %i of them hold nobody up", (sizeBytes, count) => {
    const stalled = Array.from({ length: count }, () => consumer(sizeBytes, false));
    for (let round = 0; round < 3; round++) for (const { turn } of stalled) turn();
    const lively = consumer(1_000, true);
    for (let round = 0; round < 200; round++) lively.turn();
    expect(lively.each.delivered).toBeGreaterThanOrEqual(200);
    // One that was slow for a moment is served again, too, and so is a bystander who waits for nothing.
    const slow = consumer(1_000, false);
    slow.turn();
    expect(slow.each.delivered).toBeGreaterThan(0);
    for (const { socket, output } of [slow, ...stalled.slice(0, count / 2)]) {
      socket.takesAtOnce = true;
      output.onSent();
    }
    const before = slow.each.delivered;
    for (let round = 0; round < 10; round++) slow.turn();
    expect(slow.each.delivered).toBeGreaterThan(before);
    for (const { output } of [lively, slow, ...stalled]) output.close();
    expect(memory.output.usedBytes).toBe(0);
  });

  it("many slow ones are all served, in any order of what their sockets take", () => {
    const many = Array.from({ length: 400 }, () => consumer(1_000, false));
    for (const { each } of many) each.wanted = 3_000;
    for (let round = 0; round < 2_000; round++) {
      for (const { turn } of many) turn();
      many.forEach(({ output }, at) => {
        if ((at + round) % 3 === 0) output.onSent();
      });
      if (many.every(({ each }) => each.delivered === 3_000)) break;
    }
    expect(many.map(({ each }) => each.delivered)).toEqual(many.map(() => 3_000));
    for (const { output } of many) output.close();
    expect(memory.output.usedBytes).toBe(0);
  });
});
