import { expect, test } from "vitest";
import type { FieldTable } from "../message/field-table.ts";
import type { CheckpointSink, EntryKind } from "../ports.ts";
import { anybody, connectionNamed, newTestBroker } from "../test-doubles.ts";
import { BrokerCheckpoint } from "./checkpoint-source.ts";

/** Keeps all entries in a row. */
class TextSink implements CheckpointSink {
  readonly u8 = new Uint8Array(65_536);
  readonly view = new DataView(this.u8.buffer);
  #used = 0;

  append(_kind: EntryKind, lengthBytes: number): number {
    const at = this.#used;
    this.#used += lengthBytes;
    return at;
  }

  page(): void {}

  get text(): string {
    return new TextDecoder("latin1").decode(this.u8.subarray(0, this.#used));
  }
}

const lengthOf = (value: number): FieldTable =>
  new Map([["x-max-length", { type: "I", value } as const]]);

// biome-ignore lint/correctness/useYield: there is nothing to export
function* nothing(): Generator<void, string> {
  return "";
}

test("what has changed is described anew", () => {
  const broker = newTestBroker();
  const vhost = broker.addVhost("/");
  const access = broker.open(anybody, "/", connectionNamed("c"));
  const flags = { durable: true, exclusive: false, autoDelete: false };
  access.declareQueue({ ...flags, name: "q", arguments: lengthOf(1_111) });
  const checkpoint = new BrokerCheckpoint(broker, nothing);
  const capture = () => {
    const sink = new TextSink();
    for (const _ of checkpoint.capture(sink));
    return sink.text;
  };
  expect(capture()).toContain("1111");
  const queue = vhost.queues.get("q");
  if (queue === undefined) throw new Error("it was declared");
  vhost.setArguments(queue, lengthOf(2_222));
  expect(capture()).toContain("2222");
  expect(capture()).not.toContain("1111");
});

test("definitions are those of the first slice, whether or not they were prepared", () => {
  const broker = newTestBroker();
  broker.addVhost("/");
  const access = broker.open(anybody, "/", connectionNamed("c"));
  const flags = { durable: true, exclusive: false, autoDelete: false, arguments: new Map() };
  access.declareQueue({ ...flags, name: "stays" });
  access.declareQueue({ ...flags, name: "goes" });
  const checkpoint = new BrokerCheckpoint(broker, nothing);
  for (const changesMeanwhile of [false, true]) {
    for (const _ of checkpoint.prepareCapture());
    if (changesMeanwhile) {
      access.deleteQueue("goes", { ifUnused: false, ifEmpty: false });
      access.declareQueue({ ...flags, name: "comes" });
    }
    const sink = new TextSink();
    const capture = checkpoint.capture(sink);
    capture.next();
    access.declareQueue({ ...flags, name: `later-${changesMeanwhile}` });
    for (const _ of capture);
    expect(sink.text).toContain('"stays"');
    expect(sink.text.includes('"goes"')).toBe(!changesMeanwhile);
    expect(sink.text.includes('"comes"')).toBe(changesMeanwhile);
    expect(sink.text).not.toContain(`later-${changesMeanwhile}`);
  }
});
