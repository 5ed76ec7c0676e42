// What RabbitMQ's pages cannot do: browsing and searching, dead letters, the map, the playground, the search over
// everything, the alarm banner; and tables, charts and settings as people use them.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type Client, fill, openClient, reaches, ready, take } from "./amqp.ts";
import { openScene } from "./scene.ts";
import { obstacle, type Stage, type View } from "./stage.ts";

describe.skipIf(obstacle !== undefined)(`explore${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let view: View;
  let client: Client;

  openScene("explorer", (scene) => {
    ({ stage, view, client } = scene);
  });

  test("a new broker shows how to connect, in five languages", async () => {
    await view.goTo("/");
    const tabs = view.page.getByRole("tablist", { name: "Language" }).getByRole("tab");
    await tabs.first().waitFor();
    expect(await tabs.allTextContents()).toEqual(["JavaScript", "Python", "Java", "Go", "C#"]);
    const port = new URL(stage.amqpUrl).port;
    for (const tab of await tabs.all()) {
      await tab.click();
      const code = await view.page.locator("pre:visible").textContent();
      expect(code).toContain(`amqp://guest:guest@localhost:${port}`);
    }
    await view.shot("first-steps");
    expect(await view.axe()).toEqual([]);
  });

  describe("messages", () => {
    beforeAll(async () => {
      await client.channel.assertQueue("shelf");
      await client.channel.assertQueue("other-shelf");
      await fill(client, "shelf", 120, { appId: "filler" });
      const special = Buffer.from(JSON.stringify({ customer: { country: "de" }, note: "needle" }));
      client.channel.sendToQueue("shelf", special, {
        headers: { colour: "red" },
        appId: "special",
      });
      client.channel.sendToQueue("shelf", Buffer.from([0, 1, 2, 255]));
      await reaches(client, "shelf", 122);
    });

    const found = () =>
      view.page.getByRole("table", { name: "Messages in the queue" }).locator("tbody tr");

    test("are browsed page by page and stay as they are", async () => {
      await view.goTo("/queues/%2F/shelf?tab=messages");
      await expect.poll(() => found().count()).toBe(50);
      await view.button("Load more").click();
      await view.page.getByText("100 rows").waitFor();
      await view.button("Load more").click();
      await view.page.getByText("122 rows").waitFor();
      expect(await ready(client, "shelf")).toBe(122);
      expect((await take(client, "shelf")).fields.redelivered).toBe(false);
    });

    test.each([
      ["Header", "colour:red"],
      ["Property", "app_id:special"],
      ["Text in the payload", "needle"],
      ["JSON path", "customer.country:de"],
    ])("are searched by %s", async (label, text) => {
      await view.goTo("/queues/%2F/shelf?tab=messages");
      const more = view.button("More ways to search");
      if (await more.isVisible()) await more.click();
      await view.page.getByLabel(label, { exact: true }).fill(text);
      await view.button("Search").last().click();
      await expect.poll(() => found().count()).toBe(1);
      expect(await found().first().textContent()).toContain("needle");
    });

    test("are shown as JSON, text and hex", async () => {
      await view.page
        .getByRole("button", { name: /^Show / })
        .first()
        .click();
      await view.dialog.getByText('"country": "de"').waitFor();
      await view.dialog.getByText("Hex", { exact: true }).click();
      await view.dialog.getByText(/^00000000 {2}7b 22/).waitFor();
      expect(await view.axe()).toEqual([]);
      await view.shot("message");
      await view.page.keyboard.press("Escape");
    });

    test("are copied and moved one by one", async () => {
      await send("Copy", "copied");
      expect(await ready(client, "other-shelf")).toBe(1);
      expect(await ready(client, "shelf")).toBe(121);
      await send("Move", "moved");
      expect(await ready(client, "other-shelf")).toBe(2);
      expect(await ready(client, "shelf")).toBe(120);
      const message = await take(client, "other-shelf");
      expect(message.properties.headers).toMatchObject({ colour: "red" });
      expect(message.properties.appId).toBe("special");
    });

    async function send(action: string, done: string): Promise<void> {
      await view.goTo("/queues/%2F/shelf?tab=messages&text=needle");
      await expect.poll(() => found().count()).toBe(1);
      await view.page.getByLabel("Select all rows shown").check();
      await view.button(action).click();
      await view.fillDialog({ "Destination queue": "other-shelf" });
      await view.dialog.getByRole("button", { name: action, exact: true }).click();
      await view.told(`1 message was ${done}`);
    }
  });

  describe("dead letters", () => {
    beforeAll(async () => {
      await client.channel.assertExchange("graves", "fanout");
      await client.channel.assertQueue("graveyard");
      await client.channel.bindQueue("graveyard", "graves", "");
      await client.channel.assertQueue("alive", { deadLetterExchange: "graves" });
      await client.channel.assertQueue("brief", { deadLetterExchange: "graves", messageTtl: 0 });
      await fill(client, "alive", 3);
      await fill(client, "brief", 2);
      for (let index = 0; index < 3; index++) {
        const message = await client.channel.get("alive");
        if (message !== false) client.channel.nack(message, false, false);
      }
      await reaches(client, "graveyard", 5);
    });

    test("are found, grouped by reason and origin, and replayed", async () => {
      await view.goTo("/dead-letters");
      await view.page.getByRole("link", { name: "graveyard" }).click();
      const row = view.page.locator("tr", { hasText: "Rejected by a consumer" });
      await row.getByText("alive").waitFor();
      await view.page
        .locator("tr", { hasText: "Its time to live ran out" })
        .getByText("brief")
        .waitFor();
      await row.getByRole("button", { name: "Replay group" }).click();
      await view.sayYes("Replay");
      await view.told("3 messages were sent back");
      expect(await ready(client, "alive")).toBe(3);
      expect(await ready(client, "graveyard")).toBe(2);
    });
  });

  test("what consumers hold is listed", async () => {
    await client.channel.assertQueue("held");
    await fill(client, "held", 2);
    const holder = await openClient(stage.amqpUrl);
    await holder.channel.consume("held", () => {});
    await view.goTo("/queues/%2F/held?tab=unacked");
    const rows = view.page
      .getByRole("table", { name: "Unacknowledged messages" })
      .locator("tbody tr");
    await expect.poll(() => rows.count()).toBe(2);
    await holder.close();
  });

  test("settings are shown with where they come from", async () => {
    const definition = { "max-length": 7 };
    const policy = { pattern: "^set$", definition, "apply-to": "queues", priority: 1 };
    await stage.api("PUT", "/policies/%2F/seven", policy);
    await client.channel.assertQueue("set", { messageTtl: 5000 });
    await view.goTo("/queues/%2F/set?tab=settings");
    const row = (name: string) => view.page.locator("tr", { hasText: name }).first();
    expect(await row("max-length").textContent()).toContain("7policy seven");
    expect(await row("message-ttl").textContent()).toContain("5000argument x-message-ttl");
    await row("max-length").getByRole("link", { name: "policy seven" }).click();
    await view.page.waitForURL(/policies\/%2F\/seven$/);
  });

  test("the playground lights a message's way and says why the rest is dark", async () => {
    await client.channel.assertExchange("plays", "topic");
    await client.channel.assertExchange("plays-on", "headers");
    for (const name of ["stage-a", "stage-b"]) await client.channel.assertQueue(name);
    await client.channel.bindQueue("stage-a", "plays", "act.*");
    await client.channel.bindExchange("plays-on", "plays", "#");
    await client.channel.bindQueue("stage-b", "plays-on", "", { "x-match": "all", loud: true });
    await view.goTo("/playground?vhost=%2F&exchange=plays");
    await view.page.getByLabel("Routing key").fill("act.one");
    await view.page.getByText("Reaches 1 queue").waitFor();
    await view.page.getByText(/the header 'loud' is not there/).waitFor();
    await view.button("Add a row").click();
    await view.page.getByLabel("Key 1").fill("loud");
    await view.page.getByLabel("Type 1").selectOption("Boolean");
    await view.page.getByLabel("Value 1", { exact: true }).fill("true");
    await view.page.getByText("Reaches 2 queues").waitFor();
    await expect
      .poll(() => view.page.locator(".react-flow__node [data-kind]:not([data-dimmed])").count())
      .toBe(4);
    expect(await ready(client, "stage-a"), "nothing is published").toBe(0);
    await view.page.getByLabel("Routing key").fill("act");
    await view.page.getByText(/the key has 1 word/).waitFor();
    await view.shot("playground-lit");
  });

  test("the map shows what hangs together, alone when asked, and leads to pages", async () => {
    await view.goTo("/topology?vhost=%2F");
    const boxes = view.page.locator(".react-flow__node");
    await expect.poll(() => boxes.count()).toBeGreaterThan(8);
    await view.page.getByLabel("Show only around").fill("graveyard");
    await expect.poll(() => boxes.allTextContents().then((texts) => texts.length)).toBe(4);
    await view.page.getByRole("link", { name: "alive" }).click();
    await view.page.waitForURL(/queues\/%2F\/alive$/);
  });

  test("Ctrl-K finds everything", async () => {
    for (const [text, name, url] of [
      ["graveya", "graveyard", /queues\/%2F\/graveyard/],
      ["plays-o", "plays-on", /exchanges\/%2F\/plays-on/],
      ["explor", /explorer/, /connections\//],
      ["seve", "seven", /policies\/%2F\/seven/],
      ["gues", "guest", /users\/guest/],
      ["limi", "Limits", /limits$/],
    ] as const) {
      await view.page.keyboard.press("Control+k");
      await view.page.getByPlaceholder(/Queues, exchanges/).fill(text);
      await view.dialog.getByRole("button", { name }).first().waitFor();
      await view.page.keyboard.press("ArrowDown");
      await view.dialog.getByRole("button", { name }).first().click();
      await view.page.waitForURL(url);
    }
  });

  test("an alarm is told, with its reason and what helps", async () => {
    const alarmed = await stage.newView();
    await alarmed.page.route("**/api/nodes?*", async (route) => {
      const response = await route.fetch();
      const nodes = await response.json();
      const alarm = { mem_alarm: true, mem_used: 2 ** 30, mem_limit: 2 ** 29 };
      await route.fulfill({ response, json: [{ ...nodes[0], ...alarm }] });
    });
    await alarmed.goTo("/queues");
    const banner = alarmed.page.getByRole("alert").filter({ hasText: "Publishers are blocked" });
    expect(await banner.textContent()).toMatch(/uses 1 GiB of memory; its limit is 512 MiB/);
    expect(await alarmed.axe()).toEqual([]);
    await alarmed.shot("alarm");
    await alarmed.close();
  });

  describe("tables", () => {
    test("columns are chosen and remembered, rows sorted, filtered and saved", async () => {
      await view.goTo("/queues");
      const heads = view.page.locator("thead th[scope=col]");
      const before = await heads.allTextContents();
      expect(before).not.toContain("Persistent");
      await view.button("Columns of this table").click();
      await view.page.getByLabel("Messages: Persistent").check();
      await view.page.getByLabel("Messages: Unacked").uncheck();
      await view.page.reload();
      await view.settled();
      const after = await heads.allTextContents();
      expect(after).toContain("Persistent");
      expect(after).not.toContain("Unacked");
      await view.page.getByTitle("Sort by Total").click();
      await expect
        .poll(() => view.page.locator("th[aria-sort=descending]").textContent())
        .toBe("Total");
      await expect
        .poll(() => view.page.locator("tbody tr").first().textContent())
        .toContain("shelf");
      await view.page.getByRole("searchbox", { name: "Filter" }).fill("stage-");
      await view.page.getByText(/^2 of \d+ rows$/).waitFor();
      const [download] = await Promise.all([
        view.page.waitForEvent("download"),
        view.button("Save as CSV").click(),
      ]);
      const lines = readFileSync(await download.path(), "utf8").split("\r\n");
      expect(lines).toHaveLength(3);
      expect(lines[0]).toContain("Messages: Total");
      await view.page.getByRole("searchbox", { name: "Filter" }).fill("");
      await view.button("Columns of this table").click();
      await view.button("As at first").click();
      expect(await heads.allTextContents()).toEqual(before);
    });

    test("pages are stepped through", async () => {
      for (let index = 0; index < 30; index++) await client.channel.assertQueue(`page-${index}`);
      await view.goTo("/queues");
      await view.page.getByLabel("Rows per page").selectOption("20");
      await expect.poll(() => view.page.locator("tbody tr").count()).toBe(20);
      const first = await view.page.locator("tbody tr").first().textContent();
      await view.button("Next page").click();
      await expect.poll(() => view.page.locator("tbody tr").first().textContent()).not.toBe(first);
      await view.button("Previous page").click();
      await expect.poll(() => view.page.locator("tbody tr").first().textContent()).toBe(first);
      await view.page.getByLabel("Rows per page").selectOption("100");
    });

    test("the virtual host filter limits every list", async () => {
      await stage.api("PUT", "/vhosts/elsewhere", {});
      await stage.api("PUT", "/permissions/elsewhere/guest", {
        configure: ".*",
        write: ".*",
        read: ".*",
      });
      await stage.api("PUT", "/queues/elsewhere/alone", {});
      await view.goTo("/queues");
      await view.page.getByLabel("Virtual host", { exact: true }).selectOption("elsewhere");
      await view.page.getByText("1 row").waitFor();
      await view.goTo("/exchanges");
      await view.page.getByText(/^[78] rows$/).waitFor();
      await view.page.getByLabel("Virtual host", { exact: true }).selectOption("");
    });
  });

  test("charts are zoomed, read as a table, and their range is remembered", async () => {
    await view.goTo("/queues/%2F/shelf");
    await view.page.getByLabel("Time range of all charts").selectOption("60");
    const chart = view.page.locator("figure").first();
    await expect.poll(() => chart.locator("canvas").count()).toBe(1);
    const over = await chart.locator(".u-over").boundingBox();
    if (over === null) throw new Error("no chart");
    await view.page.mouse.move(over.x + over.width * 0.3, over.y + 20);
    await view.page.mouse.down();
    await view.page.mouse.move(over.x + over.width * 0.7, over.y + 20, { steps: 5 });
    await view.page.mouse.up();
    await chart.getByRole("button", { name: "Whole range" }).click();
    await view.page.mouse.move(over.x + over.width * 0.5, over.y + 20);
    await chart.getByText(/^Ready: \d+/).waitFor();
    await chart.getByRole("button", { name: "Show as table" }).click();
    await expect.poll(() => chart.locator("tbody tr").count()).toBeGreaterThan(3);
    await view.page.reload();
    await view.settled();
    expect(await view.page.getByLabel("Time range of all charts").inputValue()).toBe("60");
  });

  test("the theme is switched without inline styles", async () => {
    await view.page.getByRole("button", { name: "Light or dark" }).click();
    await view.page.getByRole("menuitem", { name: "Dark" }).click();
    const scheme = () => view.page.locator("html").getAttribute("data-mantine-color-scheme");
    expect(await scheme()).toBe("dark");
    await view.page.reload();
    await view.settled();
    expect(await scheme()).toBe("dark");
  });

  test("all of it works from the keyboard", async () => {
    const keys = await stage.newView();
    await keys.goTo("/queues");
    await keys.page.keyboard.press("Tab");
    expect(await keys.page.evaluate(() => document.activeElement?.textContent)).toBe(
      "Skip to content",
    );
    await keys.page.keyboard.press("Enter");
    expect(await keys.page.evaluate(() => document.activeElement?.id)).toBe("main");
    await keys.page.keyboard.press("Tab");
    await keys.page.keyboard.press("Enter");
    await keys.dialog.waitFor();
    await keys.page.keyboard.press("Escape");
    await keys.dialog.waitFor({ state: "hidden" });
    await expect
      .poll(() => keys.page.evaluate(() => document.activeElement?.textContent))
      .toBe("Add queue");
    await keys.close();
  });
});
