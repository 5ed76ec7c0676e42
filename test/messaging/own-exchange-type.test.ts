// The exchange type of docs/guide/exchange-types.md, as the page says it.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { prefixType } from "../../src/broker/exchange/prefix.example.ts";
import { registerExchangeType } from "../../src/broker/exchange/types.ts";
import { PublishResult } from "../../src/broker/routing/route.ts";
import { Node } from "./node.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the page shows the file", () => {
  const page = /```ts\n(.*?)```/s.exec(read("docs/guide/exchange-types.md"))?.[1];
  const [, file] = read("src/broker/exchange/prefix.example.ts").split(/(?<=^\/\/.*\n\n)/);
  expect(page).toBe(file);
});

test("a type of one's own is declared, bound, published to and found again like any other", async () => {
  registerExchangeType(prefixType);
  expect(() => registerExchangeType(prefixType)).toThrow("already");
  const node = await Node.start();
  node.exchange("x", "x-prefix");
  node.queue("orders");
  node.queue("all");
  node.bind("x", "orders", "order.");
  node.bind("x", "all", "o");
  expect(() => node.bind("x", "all", "")).toThrow("The binding key must not be empty");
  await node.crash();
  expect(node.publish("x", "order.new", "1") & PublishResult.routed).toBe(1);
  expect(node.publish("x", "other", "2") & PublishResult.routed).toBe(1);
  expect(node.publish("x", "nobody", "3") & PublishResult.routed).toBe(0);
  node.exchange("later", "x-delayed-message", { "x-delayed-type": "x-prefix" });
  node.bind("later", "orders", "l");
  node.publish("later", "later", "4", { "x-delay": 100 });
  await node.pass(300);
  expect(await node.bodies("orders")).toEqual(["1", "4"]);
  expect(await node.bodies("all")).toEqual(["1", "2"]);
});
