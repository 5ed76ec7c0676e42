// On a telephone: no page is wider than the screen, the menu opens, and axe is content.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { obstacle, Stage, type View } from "./stage.ts";
import { SHOP, startTraffic, type Traffic } from "./traffic.ts";

const PATHS = [
  "/",
  "/connections",
  "/channels",
  "/exchanges",
  `/exchanges/%2F/${SHOP.orders}`,
  "/queues",
  `/queues/%2F/${SHOP.newOrders}`,
  `/queues/%2F/${SHOP.dead}?tab=messages`,
  "/topology",
  `/playground?vhost=%2F&exchange=${SHOP.orders}`,
  "/users/guest",
  "/vhosts/%2F",
  "/policies",
  "/logs",
];

describe.skipIf(obstacle !== undefined)(`narrow${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let traffic: Traffic;
  let view: View;

  beforeAll(async () => {
    stage = await Stage.open();
    traffic = await startTraffic(stage.amqpUrl, 20);
    view = await stage.newView({ width: 390, height: 844 });
  });

  afterAll(async () => {
    await traffic?.stop();
    await stage?.close();
  });

  test.each(PATHS)("%s", async (path) => {
    await view.goTo(path);
    const width = await view.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    expect(await view.axe()).toEqual([]);
    await view.shot(`narrow${path.replace(/\W+/g, "-")}`);
    expect(view.problems).toEqual([]);
  });

  test("the menu opens and leads on", async () => {
    await view.goTo("/");
    await view.button("Open menu").click();
    await view.dialog.getByRole("link", { name: "Virtual hosts" }).click();
    await view.page.waitForURL(/#\/vhosts$/);
    await view.dialog.waitFor({ state: "hidden" });
  });
});
