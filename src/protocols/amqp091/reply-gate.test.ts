import { describe, expect, it } from "vitest";
import { END_OF_TURN, Gates } from "../../broker/flow/gates.ts";
import { type GateOwner, ReplyGate } from "./reply-gate.ts";

class Sent implements GateOwner {
  readonly all: string[] = [];
  onConfirm(tag: number, multiple: boolean, refused: boolean): void {
    this.all.push(`${refused ? "nack" : "ack"} ${tag}${multiple ? " multiple" : ""}`);
  }
  onReply(frames: Uint8Array): void {
    this.all.push(Buffer.from(frames).toString());
  }
}

function gate() {
  const gates = new Gates({ schedule() {} });
  const sent = new Sent();
  return { gates, sent, gate: new ReplyGate(sent, gates) };
}
const text = (words: string) => Buffer.from(words);

describe("a reply gate", () => {
  it("lets a reply pass at once when nothing waits and its position is durable", () => {
    const { gate: replies, sent } = gate();
    replies.reply(text("declare-ok"), 10, 10);
    expect(sent.all).toEqual(["declare-ok"]);
    expect(replies.isEmpty).toBe(true);
  });

  it("holds a reply until the log has reached its position, and all behind it", () => {
    const { gate: replies, sent, gates } = gate();
    replies.reply(text("durable"), 100, 10);
    replies.reply(text("transient"), 0, 10);
    gates.release(99);
    expect(sent.all).toEqual([]);
    gates.release(100);
    expect(sent.all).toEqual(["durable", "transient"]);
  });

  it("holds what waits for the turn's end until the log has reached that end", () => {
    const { gate: replies, sent, gates } = gate();
    replies.confirm(1, END_OF_TURN);
    replies.reply(text("commit-ok"), END_OF_TURN, 10);
    gates.release(99);
    expect(gates.endTurn(100)).toBe(true);
    replies.confirm(2, END_OF_TURN);
    gates.release(99);
    expect(sent.all).toEqual([]);
    gates.release(100);
    expect(sent.all).toEqual(["ack 1", "commit-ok"]);
    expect(gates.endTurn(150)).toBe(true);
    expect(gates.endTurn(160)).toBe(false);
    gates.release(149);
    expect(sent.all).toEqual(["ack 1", "commit-ok"]);
    gates.release(150);
    expect(sent.all).toEqual(["ack 1", "commit-ok", "ack 2"]);
  });

  it("answers the confirms of a turn with one acknowledgement", () => {
    const { gate: replies, sent, gates } = gate();
    for (let tag = 1; tag <= 5; tag++) replies.confirm(tag, 0);
    expect(sent.all).toEqual([]);
    gates.release(0);
    expect(sent.all).toEqual(["ack 5 multiple"]);
  });

  it("never acknowledges a transient message before a persistent one sent earlier", () => {
    const { gate: replies, sent, gates } = gate();
    replies.confirm(1, 50);
    replies.confirm(2, 0);
    gates.release(10);
    expect(sent.all).toEqual([]);
    replies.confirm(3, 0);
    gates.release(20);
    expect(sent.all).toEqual([]);
    gates.release(50);
    expect(sent.all).toEqual(["ack 3 multiple"]);
  });

  it("lets a turn's confirms leave though later ones still wait", () => {
    const { gate: replies, sent, gates } = gate();
    replies.confirm(1, 50);
    gates.release(0);
    replies.confirm(2, 90);
    gates.release(50);
    expect(sent.all).toEqual(["ack 1"]);
    gates.release(90);
    expect(sent.all).toEqual(["ack 1", "ack 2"]);
  });

  it("ends a run at a refused message, so that multiple stays a true prefix", () => {
    const { gate: replies, sent, gates } = gate();
    replies.confirm(1, 0);
    replies.confirm(2, 0);
    replies.refuse(3);
    replies.confirm(4, 0);
    gates.release(0);
    expect(sent.all).toEqual(["ack 2 multiple", "nack 3", "ack 4"]);
  });

  it("sends a returned message before its confirm", () => {
    const { gate: replies, sent, gates } = gate();
    replies.confirm(1, 0);
    replies.reply(text("return"), 0, 0);
    replies.confirm(2, 0);
    gates.release(0);
    expect(sent.all).toEqual(["ack 1", "return", "ack 2"]);
  });

  it("keeps the place of a reply that is still being made", () => {
    const { gate: replies, sent, gates } = gate();
    const pending = replies.hold();
    replies.reply(text("later"), 0, 0);
    gates.release(0);
    expect(sent.all).toEqual([]);
    let left = false;
    pending.complete(text("get-ok"), () => {
      left = true;
    });
    gates.release(0);
    expect(sent.all).toEqual(["get-ok", "later"]);
    expect(left).toBe(true);
  });

  it("is silent once closed", () => {
    const { gate: replies, sent, gates } = gate();
    replies.confirm(1, 5);
    replies.close();
    gates.release(5);
    expect(sent.all).toEqual([]);
  });
});
