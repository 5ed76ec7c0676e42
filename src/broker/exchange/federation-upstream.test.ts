import { expect, test } from "vitest";
import { type FieldTable, type FieldValue, longString } from "../message/field-table.ts";
import type { Destination } from "./exchange.ts";
import { federationUpstreamType } from "./federation-upstream.ts";

const destination = { kind: "queue" } as Destination;
const long = (value: bigint): FieldValue => ({ type: "l", value });

function hop(name: string, vhost?: string): FieldValue {
  const table = new Map([["cluster-name", longString(name)]]);
  if (vhost !== undefined) table.set("vhost", longString(vhost));
  return { type: "F", value: table };
}

function create(table: FieldTable) {
  const definition = { arguments: table } as never;
  return federationUpstreamType.createRouter(definition, undefined as never);
}

function isRouted(table: FieldTable, from: FieldValue | undefined): boolean {
  const router = create(table);
  router.bind({ destination } as never);
  const headers = new Map(from === undefined ? [] : [["x-received-from", from]]);
  const targets: Destination[] = [];
  router.route({ headers } as never, { add: (each) => targets.push(each) });
  return targets.length === 1;
}

const hops: Readonly<Record<string, FieldValue | undefined>> = {
  nothing: undefined,
  text: longString("a"),
  none: { type: "A", value: [] },
  one: { type: "A", value: [hop("a", "/")] },
  downstream: { type: "A", value: [hop("me", "/")] },
  "downstream, no vhost": { type: "A", value: [hop("me")] },
  "another vhost": { type: "A", value: [hop("me", "other")] },
  two: { type: "A", value: [hop("a", "/"), hop("b", "/")] },
  "one text": { type: "A", value: [longString("a")] },
  "two texts": { type: "A", value: [longString("a"), longString("b")] },
};

const name: [string, FieldValue] = ["x-downstream-name", longString("me")];
const vhost: [string, FieldValue] = ["x-downstream-vhost", longString("/")];
const two: [string, FieldValue] = ["x-max-hops", long(2n)];
const untilTwo = Object.keys(hops).filter((each) => !each.startsWith("two"));

// As RabbitMQ 3.10.8 routed them.
test.each([
  ["1 hop", [["x-max-hops", long(1n)]], ["nothing", "text", "none"]],
  ["0 hops", [["x-max-hops", long(0n)]], ["nothing", "text"]],
  ["-5 hops", [["x-max-hops", long(-5n)]], ["nothing", "text"]],
  ["2 hops and whereto", [two, name, vhost], untilTwo.filter((each) => each !== "downstream")],
  ["2 hops and a name", [two, name], untilTwo],
  ["2 hops and a vhost", [two, vhost], untilTwo],
  ["2 hops and a number for a name", [two, ["x-downstream-name", long(5n)], vhost], untilTwo],
] as [string, [string, FieldValue][], string[]][])("%s", (_, entries, expected) => {
  const routed = Object.keys(hops).filter((each) => isRouted(new Map(entries), hops[each]));
  expect(routed).toEqual(expected);
});

test.each([
  [[], "Argument x-max-hops missing"],
  [[["x-max-hops", { type: "I", value: 1 }]], "Argument x-max-hops must be of type long"],
  [[["x-max-hops", longString("1")]], "Argument x-max-hops must be of type long"],
] as [[string, FieldValue][], string][])("is refused: %j", (entries, text) => {
  expect(() => create(new Map(entries))).toThrow(text);
});
