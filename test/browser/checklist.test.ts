// More of RabbitMQ's pages done in ours and read back over AMQP: queue types, virtual hosts, limits, traces, super
// streams, definitions of one virtual host, alarms, the log, the refresh interval, and addresses of RabbitMQ's pages.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Client, fill, openClient, reaches, ready, refusal, take } from "./amqp.ts";
import { openScene } from "./scene.ts";
import { obstacle, type Stage, type View } from "./stage.ts";

describe.skipIf(obstacle !== undefined)(`checklist${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let view: View;
  let client: Client;
  // Traces are files.
  const dataDirectory = mkdtempSync(join(tmpdir(), "leveret-checklist-"));

  // Behind the broker that uses it.
  afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));
  openScene(
    "checklist",
    (scene) => {
      ({ stage, view, client } = scene);
    },
    { dataDirectory },
  );

  const urlOf = (vhost: string): string => {
    const url = new URL(stage.amqpUrl);
    url.pathname = `/${encodeURIComponent(vhost)}`;
    return url.toString();
  };

  describe("queue types", () => {
    test.each([
      ["Quorum", "quorum", "Delivery limit", "x-delivery-limit", "7", 7],
      ["Stream", "stream", "Max age", "x-max-age", "1h", "1h"],
      ["Classic", "classic", "Maximum priority", "x-max-priority", "9", 9],
    ] as const)(
      "%s, with an argument of its own",
      async (label, type, button, key, text, value) => {
        const name = `typed-${type}`;
        await view.goTo("/queues");
        await view.button("Add queue").first().click();
        await view.fillDialog({ Type: label, Name: name });
        await view.dialog.getByRole("button", { name: button, exact: true }).click();
        await view.fillDialog({ "Value 1": text });
        await view.dialog.getByRole("button", { name: "Add queue" }).click();
        await view.told(`${name} was added`);
        const declare = (declared: unknown) =>
          refusal(client, (channel) => {
            const given = { "x-queue-type": type, [key]: declared };
            return channel.assertQueue(name, { durable: true, arguments: given });
          });
        expect(await declare(value)).toBeUndefined();
        expect(await declare(type === "stream" ? "2h" : 3)).toContain("406");
        await view.goTo(`/queues/%2F/${name}?tab=settings`);
        await view.page.getByText(`argument ${key}`).waitFor();
      },
    );
  });

  test("a virtual host's default queue type, description and protection", async () => {
    await view.goTo("/vhosts");
    const answers = { Name: "types", "Default queue type": "Quorum", Tags: "a,b" };
    await view.fillForm("Add virtual host", answers, "Add virtual host");
    await view.told("types was added");
    const everything = { configure: ".*", write: ".*", read: ".*" };
    await stage.api("PUT", "/permissions/types/guest", everything);
    const other = await openClient(urlOf("types"));
    await other.channel.assertQueue("plain", { durable: true });
    const quorum = { durable: true, arguments: { "x-queue-type": "quorum" } };
    expect(await refusal(other, (channel) => channel.assertQueue("plain", quorum))).toBeUndefined();
    await view.goTo("/vhosts/types");
    await view.fillForm("Edit", { Description: "for types" }, "Save");
    await view.page.getByText("for types").waitFor();
    await view.button("Protect from deletion").click();
    await view.told("is protected");
    await view.button("Delete").click();
    await view.sayYes("Delete");
    await view.told(/protect/);
    expect(await ready(other, "plain")).toBe(0);
    await view.button("Allow deletion").click();
    await view.told("can be deleted");
    await other.close();
  });

  test("definitions of one virtual host, out and into another", async () => {
    await client.channel.assertQueue("carried");
    await view.goTo("/");
    const section = view.button("Definitions");
    if ((await section.getAttribute("aria-expanded")) === "false") await section.click();
    await view.page.getByLabel("Of virtual host").selectOption("/");
    const [download] = await Promise.all([
      view.page.waitForEvent("download"),
      view.button("Download").click(),
    ]);
    const saved = JSON.parse(readFileSync(await download.path(), "utf8"));
    expect(saved.users).toBeUndefined();
    const file = join(tmpdir(), `leveret-one-vhost-${process.pid}.json`);
    writeFileSync(file, JSON.stringify(saved));
    await view.page.locator("input[type=file]").setInputFiles(file);
    await view.page.getByLabel("Into virtual host").selectOption("types");
    await view.button("Upload").click();
    await view.told("were imported");
    const other = await openClient(urlOf("types"));
    expect(await ready(other, "carried")).toBe(0);
    await other.close();
  });

  test("a user's limit counts for its connections until it is cleared", async () => {
    await view.goTo("/limits");
    const area = view.page.getByRole("region", { name: "User limits" });
    await area.getByRole("button", { name: "Set limit" }).click();
    await view.fillDialog({ User: "guest", Limit: "max-channels", Value: "2" });
    await view.dialog.getByRole("button", { name: "Set limit" }).click();
    await view.told("limit was set");
    const limited = await openClient(stage.amqpUrl);
    const refused = new Promise<string>((resolve) => {
      limited.connection.on("error", (error: Error) => resolve(error.message));
    });
    await limited.connection.createChannel().catch(() => {});
    await limited.connection.createChannel().catch(() => {});
    expect(await refused).toMatch(/limit/);
    await area.getByRole("button", { name: "Clear" }).click();
    await view.sayYes("Clear");
    await view.told("limit was cleared");
    const free = await openClient(stage.amqpUrl);
    for (let index = 0; index < 3; index++) await free.connection.createChannel();
    await free.close();
  });

  test("topic permissions are cleared where they were set", async () => {
    await stage.api("PUT", "/users/tom", { password: "tom", tags: "" });
    await stage.api("PUT", "/permissions/%2F/tom", { configure: ".*", write: ".*", read: ".*" });
    const topic = { exchange: "amq.topic", write: "^tom\\.", read: ".*" };
    await stage.api("PUT", "/topic-permissions/%2F/tom", topic);
    const url = new URL(stage.amqpUrl);
    [url.username, url.password] = ["tom", "tom"];
    const tom = await openClient(url.toString());
    const publish = () =>
      refusal(tom, async (channel) => {
        channel.publish("amq.topic", "other.key", Buffer.from(""));
        await channel.checkExchange("amq.topic");
      });
    expect(await publish()).toContain("403");
    await view.goTo("/users/tom");
    const area = view.page.getByRole("region", { name: "Topic permissions" });
    await area.getByRole("button", { name: "Clear" }).click();
    await view.sayYes("Clear");
    await view.told("permission was cleared");
    expect(await publish()).toBeUndefined();
    await tom.close();
  });

  test("who publishes and who gets: by exchange, by queue, by channel", async () => {
    const { channel } = client;
    await channel.assertExchange("pairs", "fanout");
    await channel.assertQueue("paired");
    await channel.bindQueue("paired", "pairs", "");
    await channel.consume("paired", (message) => message !== null && channel.ack(message));
    const publishing = setInterval(() => channel.publish("pairs", "", Buffer.from("x")), 50);
    const shown = async (path: string, label: string, name: string | RegExp) => {
      await view.goTo(path);
      const row = view.page.getByRole("table", { name: label }).locator("tbody tr");
      await row
        .filter({ hasText: name })
        .filter({ hasText: /[1-9][\d.]*\/s/ })
        .waitFor();
    };
    try {
      const address = /127\.0\.0\.1:\d+ -> /;
      await shown("/queues/%2F/paired", "Publishes by exchange", "pairs");
      await shown("/queues/%2F/paired", "Deliveries by channel", address);
      await shown("/exchanges/%2F/pairs", "Publishes by channel", address);
      await shown("/exchanges/%2F/pairs", "Publishes by queue", "paired");
      const own = await stage.api<{ name: string }[]>("GET", "/channels");
      const path = `/channels/${encodeURIComponent(own[0]?.name ?? "")}`;
      await shown(path, "Publishes by exchange", "pairs");
      await shown(path, "Deliveries by queue", "paired");
      expect(await view.axe()).toEqual([]);
    } finally {
      clearInterval(publishing);
      await channel.deleteQueue("paired");
    }
  });

  test("what this broker has not is not in the menu, and its address says so", async () => {
    await view.goTo("/");
    const menu = view.page.getByRole("navigation");
    await menu.getByRole("link", { name: "Tracing" }).waitFor();
    const absent = ["Shovel status", "Shovel management", "Federation status", "Top processes"];
    for (const name of ["Super streams", ...absent]) {
      expect(await menu.getByRole("link", { name }).count(), name).toBe(
        absent.includes(name) ? 0 : 1,
      );
    }
    for (const path of ["/dynamic-shovels", "/federation-upstreams"]) {
      await view.goTo(path);
      await view.page.getByText("This broker cannot do that").waitFor();
      expect(await view.page.getByRole("button", { name: /^Add/ }).count()).toBe(0);
    }
  });

  test("a super stream is an exchange with a stream for each partition", async () => {
    await view.goTo("/stream/super-streams");
    await view.button("Add super stream").first().click();
    await view.fillDialog({ Name: "sales", Partitions: "2" });
    await view.dialog.getByRole("button", { name: "Add super stream" }).click();
    await view.told("super stream was added");
    for (const name of ["sales-0", "sales-1"]) expect(await ready(client, name)).toBe(0);
    client.channel.publish("sales", "1", Buffer.from("one"));
    await reaches(client, "sales-1", 1);
    await view.page.getByRole("link", { name: "sales", exact: true }).click();
    // Once it has been sampled, what was published is told by queue as well.
    const bindings = view.page.getByRole("region", { name: "Table: Bindings from this" });
    await bindings.getByRole("link", { name: "sales-1" }).waitFor();
  });

  test("a trace writes what passes, is downloaded, stopped and deleted", async () => {
    await view.goTo("/traces");
    const values = { Name: "watch", Format: "JSON", Pattern: "#" };
    await view.fillForm("Add trace", values, "Add trace");
    await view.told("trace runs");
    await client.channel.assertQueue("traced");
    await fill(client, "traced", 3);
    const files = view.page.getByRole("region", { name: "Trace log files" });
    await files.getByText("watch.log").waitFor();
    await expect
      .poll(
        async () => {
          const [download] = await Promise.all([
            view.page.waitForEvent("download"),
            files.getByRole("button", { name: "Download" }).click(),
          ]);
          return readFileSync(await download.path(), "utf8").split('"traced"').length;
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(3);
    await view.button("Stop").click();
    await view.sayYes("Stop");
    await view.told("trace was stopped");
    await files.getByRole("button", { name: "Delete" }).click();
    await view.sayYes("Delete");
    await view.told("file was deleted");
    await view.page.getByText("No trace files").waitFor();
  });

  test("dead letters are replayed one by one, and all at once", async () => {
    await client.channel.assertExchange("gone", "fanout");
    await client.channel.assertQueue("morgue");
    await client.channel.bindQueue("morgue", "gone", "");
    for (const name of ["first-life", "second-life"]) {
      await client.channel.assertQueue(name, { deadLetterExchange: "gone" });
      await fill(client, name, 3);
      for (let index = 0; index < 3; index++) {
        const message = await client.channel.get(name);
        if (message !== false) client.channel.nack(message, false, false);
      }
    }
    await reaches(client, "morgue", 6);
    await view.goTo("/queues/%2F/morgue?tab=messages");
    const rows = view.page.getByRole("table", { name: "Messages in the queue" });
    await expect.poll(() => rows.locator("tbody tr").count()).toBe(6);
    await rows.locator("tbody input[type=checkbox]").first().check();
    await view.button("Replay").click();
    await view.sayYes("Replay");
    await view.told("1 message was sent back");
    await reaches(client, "first-life", 1);
    expect(await ready(client, "morgue")).toBe(5);
    await view.goTo("/queues/%2F/morgue?tab=deadLetters");
    await view.button("Replay all").click();
    await view.sayYes("Replay");
    await view.told("5 messages were sent back");
    const lives = [await ready(client, "first-life"), await ready(client, "second-life")];
    expect(lives).toEqual([3, 3]);
    expect(await ready(client, "morgue")).toBe(0);
    const message = await take(client, "second-life");
    expect(JSON.parse(message.content.toString())).toEqual({ number: 0 });
  });

  test("a real memory alarm blocks a publisher, and every page says so and why", async () => {
    const publisher = await openClient(stage.amqpUrl, "blocked-one");
    const blocked = new Promise<string>((resolve) => publisher.connection.on("blocked", resolve));
    const unblocked = new Promise<void>((resolve) => publisher.connection.on("unblocked", resolve));
    await stage.api("PUT", "/node/memory-watermark", { absolute: 1 });
    publisher.channel.sendToQueue("traced", Buffer.from("held up"));
    expect(await blocked).toMatch(/memory/);
    await view.goTo("/queues");
    const banner = view.page.getByRole("alert").filter({ hasText: "Publishers are blocked" });
    await banner.waitFor();
    expect(await banner.textContent()).toMatch(/of memory; its limit is/);
    await stage.api("PUT", "/node/memory-watermark", { relative: 0.6 });
    await unblocked;
    await banner.waitFor({ state: "hidden" });
    await publisher.close();
  });

  test("the log shows a connection as it opens, and is filtered by text and level", async () => {
    await view.goTo("/logs");
    const log = view.page.getByRole("region", { name: "Log lines" });
    await log.locator("div > div").first().waitFor();
    const lines = log.locator("div > div");
    await view.page.getByLabel("Text", { exact: true }).fill("user 'seen'");
    await expect.poll(() => lines.count()).toBe(0);
    await stage.api("PUT", "/users/seen", { password: "seen", tags: "" });
    await stage.api("PUT", "/permissions/%2F/seen", { configure: "", write: "", read: "" });
    const url = new URL(stage.amqpUrl);
    [url.username, url.password] = ["seen", "seen"];
    const seen = await openClient(url.toString());
    await lines.filter({ hasText: "authenticated" }).first().waitFor();
    await view.page.getByLabel("Least level").selectOption("error");
    await expect.poll(() => lines.count()).toBe(0);
    await view.page.getByLabel("Least level").selectOption("info");
    await seen.close();
  });

  test("the refresh interval is kept to, and 'not by itself' asks nothing", async () => {
    await view.goTo("/queues");
    let asked = 0;
    await view.page.route("**/api/queues?*", (route) => {
      asked++;
      return route.continue();
    });
    const interval = view.page.getByLabel("Refresh interval");
    await interval.selectOption("1000");
    await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(2);
    await interval.selectOption("0");
    await view.page.waitForTimeout(500);
    const before = asked;
    await view.page.waitForTimeout(2_500);
    expect(asked).toBe(before);
    await view.button("Refresh now").click();
    await expect.poll(() => asked).toBeGreaterThan(before);
    await interval.selectOption("5000");
    await view.page.unroute("**/api/queues?*");
  });

  test("a channel's page tells its consumers and what they hold; a connection's its properties", async () => {
    await client.channel.assertQueue("worked");
    await fill(client, "worked", 5);
    const worker = await openClient(stage.amqpUrl, "the-worker");
    await worker.channel.prefetch(2);
    await worker.channel.consume("worked", () => {}, { consumerTag: "worker-tag" });
    await view.goTo("/queues/%2F/worked");
    const row = view.page.locator("tr", { hasText: "worker-tag" });
    await row.waitFor();
    await row.getByRole("link").first().click();
    await view.page.waitForURL(/#\/channels\/./);
    await view.page.getByText("worker-tag").waitFor();
    const fact = (label: string) =>
      view.page.locator("dt", { hasText: label }).first().locator("+ dd");
    await expect.poll(() => fact("Unacked").textContent()).toBe("2");
    await view.goTo("/connections");
    await view.page.getByRole("link", { name: "the-worker" }).click();
    await view.page.getByText("amqplib", { exact: false }).first().waitFor();
    await worker.close();
  });

  test("addresses of RabbitMQ's own pages lead to the same objects, whatever their names", async () => {
    const name = "a/b c?d#e%f&g=ü";
    const encoded = encodeURIComponent(name);
    await client.channel.assertQueue(name);
    await client.channel.assertExchange(name, "fanout");
    const policy = { pattern: "^nothing$", definition: { "max-length": 1 }, "apply-to": "queues" };
    await stage.api("PUT", `/policies/%2F/${encoded}`, { ...policy, priority: 0 });
    const [node] = await stage.api<{ name: string }[]>("GET", "/nodes");
    for (const [path, heading] of [
      [`/queues/%2F/${encoded}`, name],
      [`/exchanges/%2F/${encoded}`, name],
      [`/exchanges/%2F/amq.default`, "(default exchange)"],
      [`/policies/%2F/${encoded}`, name],
      ["/vhosts/%2F", "/"],
      ["/users/guest", "guest"],
      [`/nodes/${encodeURIComponent(node?.name ?? "")}`, node?.name ?? ""],
      ["/cluster-name", "Cluster"],
      ["/feature-flags", "Feature flags"],
      ["/limits", "Limits"],
      ["/traces", "Tracing"],
    ] as const) {
      // A new page each time: as when the address is pasted.
      await view.page.goto("about:blank");
      await view.page.goto(`${stage.url}#${path}`);
      await expect
        .poll(() => view.page.locator("h1").textContent(), { message: path })
        .toBe(heading);
      expect(await view.page.getByText("Not found").count(), path).toBe(0);
    }
  });
});
