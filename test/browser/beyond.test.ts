// What the pages do with what Leveret can beyond RabbitMQ: messages that wait, streams, changes while things run, taps
// and timelines. Every effect is read back over AMQP or the API.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, openClient, reaches, ready, refusal, take } from "./amqp.ts";
import { openScene } from "./scene.ts";
import { obstacle, type Stage, type View } from "./stage.ts";

/** What a client may call something. */
const HOSTILE = "<img src=x onerror=alert(1)>\"'/%2F";

describe.skipIf(obstacle !== undefined)(`beyond${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let view: View;
  let client: Client;

  openScene("beyond", (scene) => {
    ({ stage, view, client } = scene);
  });

  const rows = (label: string) => view.page.getByRole("table", { name: label }).locator("tbody tr");

  describe("messages that wait at an exchange", () => {
    const path = `/exchanges/%2F/${encodeURIComponent(HOSTILE)}`;
    const waiting = () =>
      stage.api<{ count: number }>("GET", `${path}/delayed`).then(({ count }) => count);

    beforeAll(async () => {
      const { channel } = client;
      await channel.assertExchange(HOSTILE, "x-delayed-message", {
        arguments: { "x-delayed-type": "topic" },
      });
      await channel.assertQueue("due");
      await channel.bindQueue("due", HOSTILE, "#");
      for (const id of ["first", "second", "third"]) {
        const headers = { "x-delay": 3_600_000 };
        channel.publish(HOSTILE, `${id} ${HOSTILE}`, Buffer.from(id), { headers, messageId: id });
      }
    });

    test("are listed, one is sent on at once, one is called off", async () => {
      await view.goTo(path);
      const row = (id: string) => rows("Messages that wait to be routed").filter({ hasText: id });
      await expect.poll(() => rows("Messages that wait to be routed").count()).toBe(3);
      expect(await row("first").textContent()).toContain(`first ${HOSTILE}`);
      expect(await row("first").textContent()).toMatch(/59 m \d+ s|1 h 0 m/);
      await view.shot("exchange-delayed");
      expect(await view.axe()).toEqual([]);
      await row("second").getByRole("checkbox").check();
      await view.button("Deliver now").click();
      await view.told("1 message was routed");
      const message = await take(client, "due");
      expect(message.content.toString()).toBe("second");
      expect(await waiting()).toBe(2);
      await row("third").getByRole("checkbox").check();
      await view.button("Call off").click();
      await view.sayYes("Call off");
      await view.told("1 message was called off");
      expect(await waiting()).toBe(1);
      expect(await ready(client, "due")).toBe(0);
    });
  });

  describe("messages that wait for a retry", () => {
    const queue = `retried ${HOSTILE}`;

    beforeAll(async () => {
      const { channel } = client;
      const retries = { "x-retry-initial-delay": 3_600_000, "x-retry-jitter": 0 };
      await channel.assertQueue(queue, { arguments: retries });
      for (const id of ["again", "never"]) {
        channel.sendToQueue(queue, Buffer.from(id), { messageId: id });
        await reaches(client, queue, 1);
        const message = await channel.get(queue);
        if (message !== false) channel.nack(message);
      }
    });

    test("are listed beside those that consumers hold, one is ready at once, one goes", async () => {
      await view.goTo(`/queues/%2F/${encodeURIComponent(queue)}?tab=unacked`);
      const label = "Messages that wait for their next delivery";
      const row = (id: string) => rows(label).filter({ hasText: id });
      await expect.poll(() => rows(label).count()).toBe(2);
      await view.shot("queue-retried");
      expect(await view.axe()).toEqual([]);
      await row("again").getByRole("checkbox").check();
      await view.button("Deliver now").click();
      await view.told("1 message was made ready");
      expect((await take(client, queue)).content.toString()).toBe("again");
      await row("never").getByRole("checkbox").check();
      await view.button("Take away").click();
      await view.sayYes("Take away");
      await view.told("1 message was taken away");
      await expect.poll(() => rows(label).count()).toBe(0);
      expect(await ready(client, queue)).toBe(0);
    });
  });

  describe("a stream's page", () => {
    const path = `/queues/%2F/${encodeURIComponent(`stream ${HOSTILE}`)}`;

    beforeAll(async () => {
      const { channel } = client;
      const args = { "x-queue-type": "stream", "x-max-age": "7D", "x-max-length-bytes": 1_048_576 };
      await channel.assertQueue(`stream ${HOSTILE}`, { arguments: args });
      for (let number = 0; number < 30; number++) {
        channel.sendToQueue(`stream ${HOSTILE}`, Buffer.from(`entry ${number}`));
      }
      await reaches(client, `stream ${HOSTILE}`, 30);
    });

    test("tells segments, offsets and retention instead of what only queues have", async () => {
      await view.goTo(path);
      const details = view.page.getByRole("region", { name: "Details" });
      const fact = (name: string) =>
        details.locator(".facts > div").filter({ hasText: name }).locator("dd").first();
      await expect.poll(() => fact("Last offset").textContent()).toBe("29");
      expect(await fact("First offset").textContent()).toBe("0");
      expect(await fact("Segments").textContent()).toMatch(/^[1-9]/);
      expect(await fact("Keeps messages for").textContent()).toBe("7 d 0 h");
      expect(await fact("Keeps at most").textContent()).toBe("1 MiB");
      expect(await view.page.getByRole("tab").allTextContents()).toEqual([
        ...["Overview", "Messages", "Readers and offsets", "Settings"],
      ]);
      expect(await view.page.getByText("Unacked").count()).toBe(0);
      for (const action of ["Purge", "Pause", "Move messages"]) {
        expect(await view.button(action).count(), action).toBe(0);
      }
      await view.shot("stream");
      expect(await view.axe()).toEqual([]);
    });

    test("tells who reads, keeps an offset under a name, and forgets it", async () => {
      const reader = await openClient(stage.amqpUrl, "reader");
      await reader.channel.prefetch(10);
      await reader.channel.consume(`stream ${HOSTILE}`, () => {}, {
        consumerTag: HOSTILE,
        arguments: { "x-stream-offset": 5 },
      });
      await view.goTo(`${path}?tab=readers`);
      const row = rows("Readers").first();
      await expect.poll(() => row.textContent()).toContain(HOSTILE);
      await view.fillForm("Set offset", { Name: HOSTILE, Offset: "17" }, "Set offset");
      await view.told("The offset is kept");
      const tracking = `/stream${path.slice("/queues".length)}/tracking`;
      type Tracking = { offsets: Record<string, number> };
      expect((await stage.api<Tracking>("GET", tracking)).offsets).toEqual({ [HOSTILE]: 17 });
      await view.shot("stream-readers");
      expect(await view.axe()).toEqual([]);
      await rows("Offsets kept under names").first().getByRole("checkbox").check();
      await view.button("Forget").click();
      await view.sayYes("Forget");
      await view.told("1 offset was forgotten");
      expect((await stage.api<Tracking>("GET", tracking)).offsets).toEqual({});
      await reader.close();
    });
  });

  describe("changes while things run", () => {
    const name = `changed ${HOSTILE}`;
    const path = `/queues/%2F/${encodeURIComponent(name)}`;
    const consumer = `/consumers/%2F/${encodeURIComponent(name)}/${encodeURIComponent(HOSTILE)}`;
    let holder: Client;

    beforeAll(async () => {
      await client.channel.assertQueue(name, { messageTtl: 60_000, maxLength: 9 });
      holder = await openClient(stage.amqpUrl, "holder");
      await holder.channel.prefetch(2);
      const options = { consumerTag: HOSTILE };
      await holder.channel.consume(name, () => {}, options);
    });

    afterAll(() => holder?.close());

    test("arguments of a queue, with what changed", async () => {
      await view.goTo(`${path}?tab=settings`);
      await view.button("Change arguments").click();
      const rowOf = async (key: string): Promise<number> => {
        const keys = await view.dialog.getByLabel(/^Key \d+$/).all();
        for (const [index, field] of keys.entries()) {
          if ((await field.inputValue()) === key) return index + 1;
        }
        throw new Error(`no row for ${key}`);
      };
      await view.fillDialog({ [`Value ${await rowOf("x-message-ttl")}`]: "120000" });
      await view.dialog
        .getByRole("button", { name: `Remove this row ${await rowOf("x-max-length")}` })
        .click();
      await view.dialog.getByRole("button", { name: "Add a row" }).click();
      await view.fillDialog({ "Key 2": "x-max-length-bytes", "Value 2": "4096" });
      await view.fillDialog({ "Type 2": "Number" });
      await view.dialog.getByRole("button", { name: "Change arguments" }).click();
      await view.told("The arguments were changed");
      const report = view.page.getByRole("status").filter({ hasText: "What changed" });
      const told = await report.locator("p").allTextContents();
      expect(told.toSorted()).toEqual([
        "x-max-length-bytes: not set → 4096",
        "x-max-length: 9 → not set",
        "x-message-ttl: 60000 → 120000",
      ]);
      await view.shot("queue-arguments-changed");
      expect(await view.axe()).toEqual([]);
      const args = { "x-message-ttl": 120_000, "x-max-length-bytes": 4096 };
      const other = { arguments: { ...args, "x-max-length": 9 } };
      expect(
        await refusal(client, (channel) => channel.assertQueue(name, { arguments: args })),
      ).toBeUndefined();
      expect(await refusal(client, (channel) => channel.assertQueue(name, other))).toContain("406");
    });

    test("a running consumer's prefetch: it gets more at once", async () => {
      for (let number = 0; number < 10; number++)
        client.channel.sendToQueue(name, Buffer.from("m"));
      const unacked = () =>
        stage
          .api<{ messages_unacknowledged: number }>("GET", path)
          .then((queue) => queue.messages_unacknowledged);
      await expect.poll(unacked).toBe(2);
      await view.goTo(path);
      await view.button(`Change consumer ${HOSTILE}`).click();
      await view.fillDialog({ "Unacknowledged messages at most": "5" });
      await view.dialog.getByRole("button", { name: "Set prefetch" }).click();
      await view.told("The prefetch was changed");
      await expect.poll(unacked).toBe(5);
    });

    test("the time a consumer has, and one delivery it holds", async () => {
      await view.goTo(`${path}?tab=unacked`);
      const held = rows("Unacknowledged messages");
      await expect.poll(() => held.count()).toBe(5);
      expect(await held.first().textContent()).toContain(HOSTILE);
      await view.shot("queue-unacked-more-time");
      expect(await view.axe()).toEqual([]);
      const asked: unknown[] = [];
      view.page.on("request", (request) => {
        if (request.url().includes("/deadline")) asked.push(request.postDataJSON());
      });
      const give = async (opener: string, minutes: string): Promise<void> => {
        await view.button(opener).first().click();
        await view.fillDialog({ "Minutes from now": minutes });
        await view.dialog.getByRole("button", { name: "More time" }).click();
        await view.told(`It has ${minutes} more minutes`);
      };
      await give("More time", "45");
      await view.goTo(path);
      await give(`Change consumer ${HOSTILE}`, "50");
      expect(asked).toEqual([{ extend_ms: 2_700_000, delivery_tag: 1 }, { extend_ms: 3_000_000 }]);
      // What is not held has no deadline to move.
      const gone = stage.api("PUT", `${consumer}/deadline`, { extend_ms: 1, delivery_tag: 99 });
      await expect(gone).rejects.toThrow("404");
    });

    test("a queue's type, with what has moved", async () => {
      const source = "becomes-quorum";
      await client.channel.assertQueue(source, { maxPriority: 3 });
      for (let number = 0; number < 20; number++) {
        client.channel.sendToQueue(source, Buffer.from(`${number}`), { persistent: true });
      }
      await reaches(client, source, 20);
      await view.goTo(`/queues/%2F/${source}`);
      await view.fillForm(
        "Change type",
        { "New type": "Quorum", "Leave out arguments": "x-max-priority" },
        "Convert",
      );
      await view.told("The conversion has begun");
      type Shown = { type: string; state: string };
      const shown = () => stage.api<Shown>("GET", `/queues/%2F/${source}`);
      await expect.poll(() => shown().then(({ type }) => type)).toBe("quorum");
      expect(await ready(client, source)).toBe(20);
      for (let number = 0; number < 20; number++) {
        expect((await take(client, source)).content.toString()).toBe(`${number}`);
      }
      await view.goTo(`/queues/%2F/${source}`);
      await view.page.locator(".facts", { hasText: "quorum" }).first().waitFor();
    });

    test("a conversion that takes its time shows how far it is", async () => {
      const long = "long-becomes-quorum";
      const total = 200_000;
      const empty = Buffer.alloc(0);
      await client.channel.assertQueue(long);
      for (let number = 0; number < total; number++) client.channel.sendToQueue(long, empty);
      await reaches(client, long, total);
      await view.goTo(`/queues/%2F/${long}`);
      await view.fillForm("Change type", { "New type": "Quorum" }, "Convert");
      const banner = view.page.getByRole("status").filter({ hasText: "becoming a quorum one" });
      await banner.waitFor();
      stage.freeze();
      try {
        const told = /([\d,]+) of ([\d,]+) messages have moved/.exec(
          (await banner.textContent()) ?? "",
        );
        const [moved, all] = told?.slice(1).map((text) => Number(text.replaceAll(",", ""))) ?? [];
        expect(all).toBe(total);
        expect(moved).toBeLessThan(total);
        const bar = banner.getByRole("progressbar");
        expect(await bar.getAttribute("value")).toBe(String(moved));
        expect(await view.button("Change type").count()).toBe(0);
        expect(await view.axe()).toEqual([]);
        await view.shot("queue-converting");
      } finally {
        stage.thaw();
      }
      type Shown = { type: string; state: string };
      const shown = () => stage.api<Shown>("GET", `/queues/%2F/${long}`);
      await expect.poll(() => shown().then(({ type }) => type)).toBe("quorum");
      expect(await ready(client, long)).toBe(total);
      await client.channel.purgeQueue(long);
    });
  });

  describe("watching messages", () => {
    const shelf = `shelf ${HOSTILE}`;
    const events = () => rows("Messages as they pass");
    const publish = (key: string, body: string, properties: object = {}) =>
      client.channel.publish(`watched ${HOSTILE}`, key, Buffer.from(body), properties);

    beforeAll(async () => {
      await client.channel.assertExchange(`watched ${HOSTILE}`, "topic");
      await client.channel.assertQueue(shelf);
      await client.channel.bindQueue(shelf, `watched ${HOSTILE}`, "#");
    });

    test("an exchange's messages are copied, filtered, opened, and nothing is taken", async () => {
      await view.goTo(`/exchanges/%2F/${encodeURIComponent(`watched ${HOSTILE}`)}`);
      await view.page.getByRole("link", { name: "Watch", exact: true }).click();
      await view.page.waitForURL(/#\/tap\?/);
      const form = view.page.locator("form");
      expect(await form.getByLabel("Name").inputValue()).toBe(`watched ${HOSTILE}`);
      await form.getByLabel("Text in the payload").fill("needle");
      await view.button("Start").click();
      await view.page.getByText("Nothing has passed yet").waitFor();
      // The tap is there: from here on nothing is missed.
      publish(HOSTILE, "hay");
      publish(HOSTILE, `needle ${HOSTILE}`, {
        messageId: HOSTILE,
        headers: { [HOSTILE]: HOSTILE },
      });
      await expect.poll(() => events().count()).toBe(1);
      const text = await events().first().textContent();
      expect(text).toContain("Published");
      expect(text).toContain(`to ${shelf}`);
      expect(text).toContain(`needle ${HOSTILE}`);
      await view.shot("tap-events");
      expect(await view.axe()).toEqual([]);
      await view.page.getByRole("button", { name: /^Show / }).click();
      await view.dialog.getByText(`needle ${HOSTILE}`).waitFor();
      expect(await view.axe()).toEqual([]);
      await view.page.keyboard.press("Escape");
      await view.button("Stop").click();
      publish(HOSTILE, "needle again");
      await reaches(client, shelf, 3);
      expect(await events().count()).toBe(1);
      expect(await ready(client, shelf)).toBe(3);
    });

    test("what passes too fast to be shown is counted as missed", async () => {
      await view.goTo("/tap?exchange=amq.fanout&vhost=%2F");
      await view.button("Start").click();
      await view.page.getByText("Nothing has passed yet").waitFor();
      // Far more at once than may wait for one reader.
      const published = 50_000;
      const empty = Buffer.alloc(0);
      stage.freeze();
      for (let number = 0; number < published; number++) {
        client.channel.publish("amq.fanout", "k", empty);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      stage.thaw();
      const told = view.page.getByRole("status").filter({ hasText: /seen, .* missed/ });
      const sum = async () => {
        const [seen = 0, missed = 0] = ((await told.textContent()) ?? "")
          .split(" seen, ")
          .map((text) => Number(text.replace(/\D/g, "")));
        return missed === 0 ? 0 : seen + missed;
      };
      await told.waitFor();
      await expect.poll(sum).toBe(published);
      await view.page.getByText("passed too fast to be shown here").waitFor();
      await view.shot("tap-missed");
      expect(await view.axe()).toEqual([]);
      await view.button("Stop").click();
    });

    test("a queue's deliveries, a connection's, and what may not be watched", async () => {
      await view.goTo(`/tap?queue=${encodeURIComponent(shelf)}&vhost=%2F`);
      await view.page.locator("form").getByLabel("Published").uncheck();
      await view.button("Start").click();
      await view.page.getByText("Nothing has passed yet").waitFor();
      await take(client, shelf);
      await expect.poll(() => events().count()).toBe(1);
      expect(await events().first().textContent()).toContain(`from ${shelf}`);
      const [connection] = await stage.api<{ name: string }[]>("GET", "/connections");
      await view.goTo(`/connections/${encodeURIComponent(connection?.name ?? "")}`);
      await view.page.getByRole("link", { name: "Watch", exact: true }).click();
      await view.page.waitForURL(/#\/tap\?.*connection=/);
      await view.button("Start").click();
      await view.page.getByText("Nothing has passed yet").waitFor();
      publish("by connection", "seen");
      await expect.poll(() => events().count()).toBe(1);
      await view.goTo("/tap?vhost=%2F&exchange=no-such-exchange");
      await view.button("Start").click();
      await view.page.getByText("That did not work").waitFor();
    });

    test("a timeline is begun, tells each step of a message, and is ended", async () => {
      const id = `id ${HOSTILE}`;
      await view.goTo("/timeline?vhost=%2F");
      await view.page.getByText("Nothing is remembered in this virtual host").waitFor();
      await view.fillForm("Begin to remember", { "Steps to remember": "500" }, "Begin to remember");
      await view.told("From now on steps are remembered");
      await view.page.getByText(/0 of at most 500 steps/).waitFor();
      await client.channel.purgeQueue(shelf);
      publish("followed", "{}", { messageId: id });
      const first = await reaches(client, shelf, 1).then(() => client.channel.get(shelf));
      if (first === false) throw new Error("nothing came");
      client.channel.nack(first, false, true);
      await take(client, shelf);
      await view.page.getByLabel("Message id or correlation id").fill(id);
      await view.button("Look up").click();
      const steps = rows("Steps of the message");
      await expect.poll(() => steps.count()).toBeGreaterThanOrEqual(4);
      const kinds = await steps.locator(".state").allTextContents();
      expect(kinds.slice(0, 4)).toEqual(["Published", "Delivered", "Requeued", "Delivered"]);
      expect(await steps.first().textContent()).toContain("routing_key: followed");
      await view.shot("timeline-steps");
      expect(await view.axe()).toEqual([]);
      // The way there from a message that lies in a queue.
      publish("followed", "{}", { correlationId: id });
      await reaches(client, shelf, 1);
      await view.goTo(`/queues/%2F/${encodeURIComponent(shelf)}?tab=messages`);
      await view.page
        .getByRole("button", { name: /^Show / })
        .first()
        .click();
      await view.dialog.getByRole("link", { name: "Timeline of this message" }).click();
      await view.page.waitForURL(/#\/timeline\?/);
      await view.page.getByRole("button", { name: "Refresh now" }).click();
      await expect.poll(() => steps.count()).toBeGreaterThanOrEqual(5);
      await view.button("Forget and end").click();
      await view.sayYes("Forget and end");
      await view.page.getByText("Nothing is remembered in this virtual host").waitFor();
      await expect(stage.api("GET", "/timeline/%2F")).rejects.toThrow("400");
    });
  });
});
