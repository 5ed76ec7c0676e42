// Every page, on a broker with real traffic: it opens, tells no errors, breaks no policy, and axe finds nothing
// wrong with it, in light and in dark. The pictures stay in test-output/browser.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { obstacle, Stage, type View } from "./stage.ts";
import { SHOP, startTraffic, type Traffic } from "./traffic.ts";

const vhost = "%2F";

/** Name of the picture, path, and the page's heading. */
const PAGES: readonly (readonly [string, string, string | RegExp])[] = [
  ["overview", "/", "Overview"],
  ["connections", "/connections", "Connections"],
  ["channels", "/channels", "Channels"],
  ["consumers", "/consumers", "Consumers"],
  ["exchanges", "/exchanges", "Exchanges"],
  ["exchange", `/exchanges/${vhost}/${SHOP.orders}`, SHOP.orders],
  ["exchange-default", `/exchanges/${vhost}/amq.default`, "(default exchange)"],
  ["queues", "/queues", "Queues and streams"],
  ["queue", `/queues/${vhost}/${SHOP.newOrders}`, SHOP.newOrders],
  ["queue-messages", `/queues/${vhost}/${SHOP.dead}?tab=messages`, SHOP.dead],
  ["queue-unacked", `/queues/${vhost}/${SHOP.germany}?tab=unacked`, SHOP.germany],
  ["queue-dead-letters", `/queues/${vhost}/${SHOP.dead}?tab=deadLetters`, SHOP.dead],
  ["queue-settings", `/queues/${vhost}/${SHOP.email}?tab=settings`, SHOP.email],
  ["topology", "/topology?vhost=%2F", "Topology map"],
  [
    "playground",
    `/playground?vhost=%2F&exchange=${SHOP.orders}&routing_key=order.de.new`,
    "Routing playground",
  ],
  ["dead-letters", "/dead-letters", "Dead letters"],
  ["tap", "/tap", "Watch messages"],
  ["timeline", "/timeline", "Message timeline"],
  ["logs", "/logs", "Log"],
  ["users", "/users", "Users"],
  ["user", "/users/guest", "guest"],
  ["vhosts", "/vhosts", "Virtual hosts"],
  ["vhost", `/vhosts/${vhost}`, "/"],
  ["policies", "/policies", "Policies"],
  ["policy", `/policies/${vhost}/shop-policy`, "shop-policy"],
  ["operator-policy", `/operator_policies/${vhost}/shop-operator`, "shop-operator"],
  ["limits", "/limits", "Limits"],
  ["feature-flags", "/feature-flags", "Feature flags"],
  ["deprecated-features", "/deprecated-features", "Deprecated features"],
  ["cluster", "/cluster-name", "Cluster"],
  ["tracing", "/traces", "Tracing"],
  ["shovel-status", "/shovels", "Shovel status"],
  ["shovels", "/dynamic-shovels", "Shovel management"],
  ["federation", "/federation", "Federation status"],
  ["upstreams", "/federation-upstreams", "Federation upstreams"],
  ["stream-connections", "/stream/connections", "Stream connections"],
  ["super-streams", "/stream/super-streams", "Super streams"],
  ["top", "/top", "Top processes"],
  ["not-found", "/no/such/page", "Not found"],
  ["gone", `/queues/${vhost}/no-such-queue`, "no-such-queue"],
];

describe.skipIf(obstacle !== undefined)(`pages${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let traffic: Traffic;
  const views: View[] = [];

  beforeAll(async () => {
    stage = await Stage.open();
    traffic = await startTraffic(stage.amqpUrl);
    const definition = { "max-length": 100_000 };
    const policy = { pattern: "^orders\\.", definition, "apply-to": "queues", priority: 1 };
    await stage.api("PUT", `/policies/${vhost}/shop-policy`, policy);
    await stage.api("PUT", `/operator-policies/${vhost}/shop-operator`, policy);
    await stage.api("PUT", `/vhost-limits/${vhost}/max-queues`, { value: 1000 });
    views.push(await stage.newView(), await stage.newView({ dark: true }));
  });

  afterAll(async () => {
    await traffic?.stop();
    await stage?.close();
  });

  test.each(PAGES)("%s", async (name, path, heading) => {
    for (const [index, view] of views.entries()) {
      await view.goTo(path);
      await expect.poll(() => view.page.locator("h1").textContent()).toMatch(heading);
      await view.shot(index === 0 ? name : `${name}-dark`);
      expect(await view.axe(), `${name}, ${index === 0 ? "light" : "dark"}`).toEqual([]);
      expect(view.problems).toEqual([]);
    }
  });

  test("one connection, one channel and one node open from their lists", async () => {
    const [view] = views as [View];
    for (const list of ["connections", "channels"]) {
      await view.goTo(`/${list}`);
      const link = view.page.locator(`tbody a[href*='/${list}/']`).first();
      await link.click();
      await view.page.waitForURL(/#\/(connections|channels)\/./);
      await view.settled();
      await view.shot(list.slice(0, -1));
      expect(await view.axe(), list).toEqual([]);
    }
    await view.goTo("/");
    await view.page.locator("a[href^='#/nodes/']").first().click();
    await view.settled();
    await view.shot("node");
    expect(await view.axe(), "node").toEqual([]);
    expect(view.problems).toEqual([]);
  });

  test("every form that opens in a dialog is labelled", async () => {
    const [view] = views as [View];
    for (const [path, opener] of [
      ["/queues", "Add queue"],
      ["/exchanges", "Add exchange"],
      [`/exchanges/${vhost}/${SHOP.orders}`, "Publish message"],
      [`/queues/${vhost}/${SHOP.newOrders}`, "Add binding"],
      ["/users", "Add user"],
      ["/vhosts", "Add virtual host"],
      ["/policies", "Add or update policy"],
    ] as const) {
      await view.goTo(path);
      await view.button(opener).first().click();
      await view.dialog.waitFor();
      expect(await view.axe(), opener).toEqual([]);
      await view.page.keyboard.press("Escape");
      await view.dialog.waitFor({ state: "hidden" });
    }
  });

  test("where nothing is kept on disk the page of traces says what can be done instead", async () => {
    const [view] = views as [View];
    await view.goTo("/traces");
    await view.page.getByText("Traces need a data directory").waitFor();
    expect(await view.button("Try again").count()).toBe(0);
    expect(await view.button("Add trace").count()).toBe(0);
  });

  // Taken again: those of docs/ui.md, and the log, are better with something to see.
  test("charts, map and log once there is a minute of traffic to see", async () => {
    const view = await stage.newView({ width: 1280, height: 800 });
    const dark = await stage.newView({ width: 1280, height: 800, dark: true });
    for (const each of [view, dark]) {
      await each.page.getByLabel("Time range of all charts").selectOption("60");
    }
    const logs = view.page.getByRole("region", { name: "Log lines" }).locator("div > div");
    const pictures: readonly [string, View, string, () => Promise<unknown>][] = [
      ["overview", view, "/", () => view.page.locator("figure canvas").first().waitFor()],
      ["queue-dark", dark, `/queues/${vhost}/${SHOP.newOrders}`, async () => undefined],
      ["topology", view, "/topology?vhost=%2F", () => view.page.waitForTimeout(500)],
      [
        "playground",
        view,
        `/playground?vhost=%2F&exchange=${SHOP.orders}&routing_key=order.de.new`,
        () => view.page.getByText(/^Reaches/).waitFor(),
      ],
      [
        "queue-messages",
        view,
        `/queues/${vhost}/${SHOP.dead}?tab=messages`,
        () =>
          view.page
            .getByRole("button", { name: /^Show / })
            .first()
            .waitFor(),
      ],
      ["queue-dead-letters", view, `/queues/${vhost}/${SHOP.dead}?tab=deadLetters`, async () => {}],
      ["logs", view, "/logs", () => logs.first().waitFor()],
    ];
    for (const [name, each, path, ready] of pictures) {
      await each.goTo(path);
      await ready();
      await each.shot(name);
    }
    expect([...view.problems, ...dark.problems]).toEqual([]);
  });

  test("numbers change in place while messages flow", async () => {
    const [view] = views as [View];
    await view.goTo("/queues");
    const row = view.page.locator("tr", { hasText: SHOP.stream }).first();
    const first = await row.textContent();
    await expect.poll(() => row.textContent(), { timeout: 15_000 }).not.toBe(first);
  });
});
