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
  "/tap",
  "/timeline",
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

  test.each(["/queues", "/connections", "/channels", "/exchanges", "/vhosts"])(
    "%s shows its counts without scrolling sideways",
    async (path) => {
      await view.goTo(path);
      const table = view.page.getByRole("region", { name: /^Table: / });
      const hidden = await table.evaluate((area) => area.scrollWidth - area.clientWidth);
      expect(hidden).toBeLessThanOrEqual(0);
      if (path !== "/queues") return;
      const heads = await view.page.locator("thead th[scope=col]").allTextContents();
      expect(heads).toEqual(["Name", "Ready", "Unacked", "Total"]);
    },
  );

  test("names of a long list can be told apart, and its counts are all there", async () => {
    const names = Array.from({ length: 80 }, (_, at) => `shop.frankfurt.worker-${100 + at}`);
    const queues = names.map((name) => ({ name, vhost: "/", durable: true, arguments: {} }));
    await stage.api("POST", "/definitions", { queues });
    await view.goTo("/queues");
    const link = view.page.getByRole("link", { name: names[3] as string, exact: true });
    await link.waitFor();
    const cut = await link.evaluate((name) => [
      name.scrollWidth - name.clientWidth,
      name.scrollHeight - name.clientHeight,
    ]);
    expect(cut).toEqual([0, 0]);
    const table = view.page.getByRole("region", { name: /^Table: / });
    expect(await table.evaluate((area) => area.scrollWidth - area.clientWidth)).toBe(0);
  });

  test("the map begins where messages come in, large enough to be read", async () => {
    await view.goTo("/topology");
    const first = view.page.locator(".react-flow__node", { hasText: SHOP.orders }).first();
    await first.waitFor();
    await expect.poll(async () => (await first.boundingBox())?.width ?? 0).toBeGreaterThan(100);
    const box = await first.boundingBox();
    expect(box?.x).toBeGreaterThan(0);
    expect((box?.x ?? 390) + (box?.width ?? 0)).toBeLessThan(390);
  });

  test("the first messages of a queue are above the fold", async () => {
    await view.goTo(`/queues/%2F/${SHOP.urgent}?tab=messages`);
    const row = view.page.getByRole("table", { name: "Messages in the queue" }).locator("tbody tr");
    await row.first().waitFor();
    const box = await row.first().boundingBox();
    expect((box?.y ?? 844) + 40).toBeLessThan(844);
  });

  test("settings and unacknowledged messages have the room of a line or two each", async () => {
    for (const [path, table] of [
      [`/queues/%2F/${SHOP.email}?tab=settings`, "Settings"],
      [`/queues/%2F/${SHOP.germany}?tab=unacked`, "Unacknowledged messages"],
    ] as const) {
      await view.goTo(path);
      const rows = view.page.getByRole("table", { name: table }).locator("tbody tr:has(td + td)");
      await rows.first().waitFor();
      const heights = await rows.evaluateAll((all) =>
        all.map((row) => row.getBoundingClientRect().height),
      );
      expect(Math.max(...heights), path).toBeLessThan(90);
    }
  });

  test("a queue's actions are behind one button, and work", async () => {
    await view.goTo(`/queues/%2F/${SHOP.lost}`);
    await view.button("Publish message").waitFor({ state: "hidden" });
    await view.button("Actions").click();
    await view.fillForm("Publish message", { Payload: "by thumb" }, "Publish message");
    await view.told("published and routed");
    type Shown = { payload: string }[];
    const body = { count: 1, ackmode: "ack_requeue_false", encoding: "auto" };
    const got = await stage.api<Shown>("POST", `/queues/%2F/${SHOP.lost}/get`, body);
    expect(got.map(({ payload }) => payload)).toEqual(["by thumb"]);
  });

  test("the menu opens and leads on", async () => {
    await view.goTo("/");
    await view.button("Open menu").click();
    await view.dialog.getByRole("link", { name: "Virtual hosts" }).click();
    await view.page.waitForURL(/#\/vhosts$/);
    await view.dialog.waitFor({ state: "hidden" });
  });
});
