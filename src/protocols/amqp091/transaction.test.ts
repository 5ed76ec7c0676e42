import { describe, expect, it } from "vitest";
import { EMPTY_TABLE, type FieldTable, longString } from "../../broker/message/field-table.ts";
import { declareQueue } from "./test-methods.ts";
import { type Client, createWorld } from "./testing.ts";

const LARGE = Buffer.alloc(140_000, "large ");

async function openTransaction(queueArguments: FieldTable = EMPTY_TABLE): Promise<Client> {
  const world = await createWorld();
  const client = world.connect().open(2);
  client.send(1, declareQueue("q", { arguments: queueArguments })).send(1, { name: "tx.select" });
  client.receive();
  return client;
}

const commit = (client: Client) => client.send(1, { name: "tx.commit" }).receive(200);
const names = (received: ReturnType<Client["receive"]>) =>
  received.map(({ method }) => method.name);
function depthOf(client: Client): number {
  const received = client.send(2, declareQueue("q", { passive: true })).receive();
  const methods = received.map(({ method }) => method as { messageCount?: number });
  return methods.find(({ messageCount }) => messageCount !== undefined)?.messageCount ?? -1;
}

describe("a transaction", () => {
  it("returns a large message nobody gets, and carries a large one somebody gets", async () => {
    const client = await openTransaction();
    client.publish(1, "", "nowhere", LARGE, {}, { mandatory: true });
    client.publish(1, "", "q", LARGE, {}, { mandatory: true });
    client.publish(1, "", "nowhere", LARGE);
    const received = commit(client);
    expect(names(received)).toEqual(["basic.return", "tx.commit-ok"]);
    expect(received[0]?.body?.equals(LARGE)).toBe(true);
    expect(depthOf(client)).toBe(1);
  });

  it("does not take a message a full queue refused for a success", async () => {
    const full = new Map([
      ["x-max-length", { type: "I", value: 1 } as const],
      ["x-overflow", longString("reject-publish")],
    ]);
    const client = await openTransaction(full);
    client.publish(1, "", "q", "first").publish(1, "", "q", "second");
    expect(commit(client)[0]?.method).toMatchObject({
      ...{ name: "channel.close", replyCode: 406 },
      replyText: "PRECONDITION_FAILED - partial tx completion",
    });
  });

  it("shows nothing before it is committed, and nothing at all when it is rolled back", async () => {
    const client = await openTransaction();
    client.publish(1, "", "q", "one");
    expect(depthOf(client)).toBe(0);
    expect(names(commit(client))).toEqual(["tx.commit-ok"]);
    expect(depthOf(client)).toBe(1);
    client.publish(1, "", "q", "two").send(1, { name: "tx.rollback" });
    expect(names(client.receive())).toEqual(["tx.rollback-ok"]);
    commit(client);
    expect(depthOf(client)).toBe(1);
  });
});
