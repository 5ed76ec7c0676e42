// Every action of RabbitMQ's pages done in ours, and its effect read back over AMQP.

import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Client, fill, openClient, ready, refusal, take } from "./amqp.ts";
import { openScene } from "./scene.ts";
import { obstacle, type Stage, type View } from "./stage.ts";

describe.skipIf(obstacle !== undefined)(`actions${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let view: View;
  let client: Client;

  openScene(undefined, (scene) => {
    ({ stage, view, client } = scene);
  });

  describe("login", () => {
    test("a wrong password is told, the right one opens the pages, logging out closes them", async () => {
      const stranger = await stage.newView({ anonymous: true });
      await stranger.page.locator("input[name=user]").fill("guest");
      await stranger.page.locator("input[name=password]").fill("wrong");
      await stranger.button("Log in").click();
      await stranger.told("does not accept this name");
      await stranger.shot("login-refused");
      await stranger.logIn("guest", "guest");
      await stranger.page.reload();
      await stranger.settled();
      await stranger.page.getByRole("button", { name: "Account of guest" }).click();
      await stranger.page.getByRole("menuitem", { name: "Log out" }).click();
      await stranger.page.locator("input[name=user]").waitFor();
      expect(await stranger.page.context().cookies()).toEqual([]);
      expect(await stranger.page.evaluate(() => JSON.stringify({ ...sessionStorage }))).toBe("{}");
      await stranger.close();
    });
  });

  describe("queues", () => {
    test("add, with arguments by button and by hand", async () => {
      await view.goTo("/queues");
      await view.button("Add queue").first().click();
      await view.fillDialog({ Type: "Classic", Name: "made/by hand" });
      await view.dialog.getByRole("button", { name: "Message TTL" }).click();
      await view.fillDialog({ "Value 1": "60000" });
      await view.dialog.getByRole("button", { name: "Add a row" }).click();
      await view.fillDialog({ "Key 2": "x-dead-letter-exchange", "Value 2": "amq.fanout" });
      await view.dialog.getByRole("button", { name: "Add queue" }).click();
      await view.told("made/by hand was added");
      const args = { "x-message-ttl": 60_000, "x-dead-letter-exchange": "amq.fanout" };
      const options = { durable: true, arguments: { ...args, "x-queue-type": "classic" } };
      expect(
        await refusal(client, (channel) => channel.assertQueue("made/by hand", options)),
      ).toBeUndefined();
      const other = { durable: true, arguments: { ...args, "x-message-ttl": 1 } };
      expect(
        await refusal(client, (channel) => channel.assertQueue("made/by hand", other)),
      ).toContain("406");
    });

    test("add: what the broker refuses is told in its own words", async () => {
      await view.goTo("/queues");
      await view.button("Add queue").first().click();
      await view.fillDialog({ Name: "made/by hand", Durability: "Transient" });
      await view.dialog.getByRole("button", { name: "Add queue" }).click();
      await view.told(/inequivalent arg/);
      await view.page.keyboard.press("Escape");
    });

    test("publish, get in all four ways, purge, delete", async () => {
      await client.channel.assertQueue("dropped");
      await client.channel.assertExchange("dropping", "fanout");
      await client.channel.bindQueue("dropped", "dropping", "");
      await client.channel.assertQueue("handled", { deadLetterExchange: "dropping" });
      await view.goTo("/queues/%2F/handled");
      await view.fillForm("Publish message", { Payload: '{"a":1}' }, "Publish message");
      await view.told("published and routed");
      expect(await ready(client, "handled")).toBe(1);
      await view.goTo("/queues/%2F/handled?tab=messages");
      const open = view.page.getByRole("button", { name: "Get messages" }).first();
      if ((await open.getAttribute("aria-expanded")) === "false") await open.click();
      const get = async (mode: string): Promise<void> => {
        await view.page.getByLabel("Acknowledgement").selectOption({ label: mode });
        await view.page.locator("form").getByRole("button", { name: "Get messages" }).click();
        await view.page.getByText('"a": 1').first().waitFor();
      };
      await get("Nack, requeue: true");
      expect(await ready(client, "handled")).toBe(1);
      await get("Reject, requeue: true");
      expect((await take(client, "handled")).fields.redelivered).toBe(true);
      await fill(client, "handled", 0);
      client.channel.sendToQueue("handled", Buffer.from('{"a":1}'));
      await expect.poll(() => ready(client, "handled")).toBe(1);
      await get("Reject, requeue: false");
      expect((await take(client, "dropped")).content.toString()).toBe('{"a":1}');
      client.channel.sendToQueue("handled", Buffer.from('{"a":1}'));
      await expect.poll(() => ready(client, "handled")).toBe(1);
      await get("Automatic ack");
      expect(await ready(client, "handled")).toBe(0);
      await fill(client, "handled", 30);
      await view.button("Purge").click();
      await view.sayYes("Purge");
      await view.told("was purged");
      expect(await ready(client, "handled")).toBe(0);
      await fill(client, "handled", 1);
      await view.button("Delete").click();
      await view.fillDialog({ "Only if it is empty": true });
      await view.dialog.getByRole("button", { name: "Delete", exact: true }).click();
      await view.told(/not empty/);
      await view.fillDialog({ "Only if it is empty": false });
      await view.dialog.getByRole("button", { name: "Delete", exact: true }).click();
      await view.told("handled was deleted");
      expect(await refusal(client, (channel) => channel.checkQueue("handled"))).toContain("404");
    });

    test("move messages to another queue", async () => {
      await client.channel.assertQueue("move-from");
      await client.channel.assertQueue("move-to");
      await fill(client, "move-from", 25);
      await view.goTo("/queues/%2F/move-from");
      await view.fillForm("Move messages", { "Destination queue": "move-to" }, "Move messages");
      await expect.poll(() => ready(client, "move-to")).toBe(25);
      expect(await ready(client, "move-from")).toBe(0);
      const numbers: number[] = [];
      for (let index = 0; index < 25; index++) {
        numbers.push(JSON.parse((await take(client, "move-to")).content.toString()).number);
      }
      expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => index));
    });

    test("pause stops deliveries, resume goes on", async () => {
      await client.channel.assertQueue("paused");
      let received = 0;
      await client.channel.consume("paused", () => received++, { noAck: true });
      await view.goTo("/queues/%2F/paused");
      await view.button("Pause").click();
      await view.page.getByText("This queue is paused").waitFor();
      await fill(client, "paused", 5);
      expect(await ready(client, "paused")).toBe(5);
      expect(received).toBe(0);
      await view.button("Resume").click();
      await expect.poll(() => received).toBe(5);
    });

    test("many at once: purge, policy, delete", async () => {
      for (const index of [1, 2, 3]) {
        await client.channel.assertQueue(`many-${index}`);
        await fill(client, `many-${index}`, 4);
      }
      await view.goTo("/queues");
      await view.page.getByRole("searchbox", { name: "Filter" }).fill("^many-[12]$");
      await view.page.getByLabel("Regex").check();
      await view.page.getByText(/^2 of \d+ rows$/).waitFor();
      await view.page.getByLabel("Select all rows shown").check();
      await view.button("Purge").click();
      await view.sayYes("Purge");
      await view.told("2 queues were purged");
      const depths = await Promise.all([1, 2, 3].map((index) => ready(client, `many-${index}`)));
      expect(depths).toEqual([0, 0, 4]);
      await view.page.getByLabel("Select all rows shown").check();
      await view.button("Set policy").click();
      await view.fillDialog({ Name: "short" });
      await view.dialog.getByRole("button", { name: "Max length", exact: true }).click();
      await view.fillDialog({ "Value 1": "2" });
      await view.dialog.getByRole("button", { name: "Set policy" }).click();
      await view.told("policy was set");
      for (const index of [1, 3]) await fill(client, `many-${index}`, 6);
      await expect.poll(() => ready(client, "many-1")).toBe(2);
      expect(await ready(client, "many-3")).toBe(10);
      await view.button("Delete").click();
      await view.sayYes("Delete");
      await view.told("2 queues were deleted");
      expect(await refusal(client, (channel) => channel.checkQueue("many-1"))).toContain("404");
      expect(await ready(client, "many-3")).toBe(10);
    });
  });

  describe("exchanges and bindings", () => {
    test("add with an alternate exchange; what no binding takes goes there", async () => {
      await client.channel.assertQueue("leftovers");
      await client.channel.bindQueue("leftovers", "amq.fanout", "");
      await view.goTo("/exchanges");
      await view.button("Add exchange").click();
      await view.fillDialog({ Name: "sorted", Type: "topic" });
      await view.dialog.getByRole("button", { name: "Alternate exchange" }).click();
      await view.fillDialog({ "Value 1": "amq.fanout" });
      await view.dialog.getByRole("button", { name: "Add exchange" }).click();
      await view.told("sorted was added");
      client.channel.publish("sorted", "nobody.wants", Buffer.from("left"));
      expect((await take(client, "leftovers")).content.toString()).toBe("left");
    });

    test("bind to a queue and to an exchange, publish with typed headers, unbind", async () => {
      await client.channel.assertQueue("bound");
      await client.channel.assertExchange("further", "headers");
      await view.goTo("/exchanges/%2F/sorted");
      await view.button("Add binding").first().click();
      await view.fillDialog({ Name: "bound", "Routing key": "a.#" });
      await view.dialog.getByRole("button", { name: "Bind" }).click();
      await view.told("binding was added");
      await view.page.getByRole("link", { name: "bound", exact: true }).waitFor();
      await view.button("Add binding").first().click();
      await view.fillDialog({ To: "an exchange", Name: "further", "Routing key": "a.*" });
      await view.dialog.getByRole("button", { name: "Bind" }).click();
      await view.dialog.waitFor({ state: "hidden" });
      await view.goTo("/queues/%2F/bound");
      await view.button("Add binding").click();
      await view.fillDialog({ "From exchange": "further" });
      await view.dialog.getByRole("button", { name: "x-match" }).click();
      await view.fillDialog({ "Value 1": "all" });
      await view.dialog.getByRole("button", { name: "Add a row" }).click();
      await view.fillDialog({ "Key 2": "size", "Type 2": "Number", "Value 2": "7" });
      await view.dialog.getByRole("button", { name: "Bind" }).click();
      await view.dialog.waitFor({ state: "hidden" });
      await view.goTo("/exchanges/%2F/further");
      await view.button("Publish message").click();
      await view.fillDialog({ Payload: "//79", "Payload encoding": "Base64" });
      await publishWithProperties();
      const message = await take(client, "bound");
      expect([...message.content]).toEqual([255, 254, 253]);
      expect(message.properties.headers).toEqual({ size: 7, ok: true, tags: ["x", "y"] });
      expect(message.properties).toMatchObject({ appId: "pages", priority: 3, deliveryMode: 2 });
      await unbind("sorted", "a.#");
      client.channel.publish("sorted", "a.b.c", Buffer.from("late"));
      expect((await take(client, "leftovers")).content.toString()).toBe("late");
    });

    async function publishWithProperties(): Promise<void> {
      const headers = view.dialog.getByRole("group", { name: "Headers" });
      const rows: [string, string, string][] = [
        ["size", "Number", "7"],
        ["ok", "Boolean", "true"],
        ["tags", "List", "x, y"],
      ];
      for (const [index, [key, type, value]] of rows.entries()) {
        await headers.getByRole("button", { name: "Add a row" }).click();
        await headers.getByLabel(`Key ${index + 1}`).fill(key);
        await headers.getByLabel(`Type ${index + 1}`).selectOption({ label: type });
        await headers.getByLabel(`Value ${index + 1}`, { exact: true }).fill(value);
      }
      const properties = view.dialog.getByRole("group", { name: "Properties" });
      for (const [index, [name, value]] of (
        [
          ["app_id", "pages"],
          ["priority", "3"],
        ] as const
      ).entries()) {
        await properties.getByRole("button", { name, exact: true }).click();
        await properties.getByLabel(`Value ${index + 1}`).fill(value);
      }
      await view.dialog.getByRole("button", { name: "Publish message" }).click();
      await view.told("published and routed");
    }

    async function unbind(exchange: string, key: string): Promise<void> {
      await view.goTo(`/exchanges/%2F/${exchange}`);
      const row = view.page.locator("tr", { has: view.page.getByText(key, { exact: true }) });
      await row.getByRole("button", { name: "Unbind" }).click();
      await view.sayYes("Unbind");
      await view.told("binding was removed");
    }

    test("a message nobody takes is told so", async () => {
      await view.goTo("/exchanges/%2F/amq.direct");
      await view.fillForm("Publish message", { "Routing key": "nowhere" }, "Publish message");
      await view.told("no queue took it");
    });

    test("delete", async () => {
      await view.goTo("/exchanges/%2F/further");
      await view.button("Delete").click();
      await view.sayYes("Delete");
      await view.told("further was deleted");
      expect(await refusal(client, (channel) => channel.checkExchange("further"))).toContain("404");
    });
  });

  describe("connections", () => {
    test("force close, with a reason the client is told", async () => {
      const victim = await openClient(stage.amqpUrl, "the-victim");
      const told = new Promise<string>((resolve) => {
        victim.connection.on("close", (error: Error) => resolve(error.message));
      });
      await view.goTo("/connections");
      await view.page.getByRole("link", { name: "the-victim" }).click();
      await view.page.waitForURL(/#\/connections\/./);
      await view.fillForm(
        "Force close",
        { "Reason, told to the client": "spring cleaning" },
        "Force close",
      );
      expect(await told).toContain("spring cleaning");
      await view.told("connection was closed");
    });
  });

  describe("administration", () => {
    const login = (vhost: string, name: string, password: string): string => {
      const url = new URL(stage.amqpUrl);
      url.username = name;
      url.password = password;
      url.pathname = `/${encodeURIComponent(vhost)}`;
      return url.toString();
    };

    test("a virtual host, a user and permissions let a client in; clearing them keeps it out", async () => {
      await view.goTo("/vhosts");
      await view.fillForm(
        "Add virtual host",
        { Name: "team", Description: "ours" },
        "Add virtual host",
      );
      await view.told("team was added");
      await view.goTo("/users");
      const user = {
        "User name": "ann",
        Password: "s3cret",
        "Password again": "s3cret",
        Tags: "monitoring",
      };
      await view.button("Add user").click();
      const { Password, ...rest } = user;
      await view.dialog.locator("select").selectOption({ label: "Set a password" });
      await view.dialog.locator("input[type=password]").first().fill(Password);
      await view.fillDialog(rest);
      await view.dialog.getByRole("button", { name: "Add user" }).click();
      await view.told("ann was added");
      await expect(openClient(login("team", "ann", "s3cret"))).rejects.toThrow(/ConnectionClose/);
      await view.goTo("/users/ann");
      const permission = { "Virtual host": "team", Configure: "^mine", Write: ".*", Read: ".*" };
      await view.fillForm("Set permission", permission, "Set permission");
      await view.told("permission was set");
      const ann = await openClient(login("team", "ann", "s3cret"));
      await ann.channel.assertQueue("mine");
      expect(await refusal(ann, (channel) => channel.assertQueue("theirs"))).toContain("403");
      await view.fillForm(
        "Set topic permission",
        { "Virtual host": "team", Exchange: "amq.topic", Write: "^ann\\.", Read: ".*" },
        "Set topic permission",
      );
      await view.told("permission was set");
      expect(await publishRefusal(ann, "bob.x")).toContain("403");
      await ann.close();
      await clearPermission("Permissions");
      await expect(openClient(login("team", "ann", "s3cret"))).rejects.toThrow();
    });

    async function publishRefusal(from: Client, key: string): Promise<string | undefined> {
      return refusal(from, async (channel) => {
        channel.publish("amq.topic", key, Buffer.from(""));
        await channel.checkExchange("amq.topic");
      });
    }

    async function clearPermission(section: string): Promise<void> {
      const area = view.page.getByRole("region", { name: section, exact: true });
      await area.getByRole("button", { name: "Clear" }).click();
      await view.sayYes("Clear");
      await view.told("permission was cleared");
    }

    test("update a user's password and delete the user", async () => {
      await view.goTo("/users/ann");
      await view.fillForm("Set permission", { "Virtual host": "team" }, "Set permission");
      await view.button("Update this user").click();
      await view.dialog.locator("select").selectOption({ label: "Set a password" });
      await view.dialog.locator("input[type=password]").first().fill("n3w");
      await view.fillDialog({ "Password again": "n3w" });
      await view.dialog.getByRole("button", { name: "Update this user" }).click();
      await view.told("user was updated");
      await expect(openClient(login("team", "ann", "s3cret"))).rejects.toThrow(
        /403|ACCESS_REFUSED|closed/i,
      );
      await (await openClient(login("team", "ann", "n3w"))).close();
      await view.button("Delete").click();
      await view.sayYes("Delete");
      await view.told("ann was deleted");
      await expect(openClient(login("team", "ann", "n3w"))).rejects.toThrow();
    });

    test("limits of a virtual host", async () => {
      await stage.api("PUT", "/permissions/team/guest", {
        configure: ".*",
        write: ".*",
        read: ".*",
      });
      await view.goTo("/limits");
      await view.button("Set limit").first().click();
      await view.fillDialog({ "Virtual host": "team", Limit: "max-queues", Value: "1" });
      await view.dialog.getByRole("button", { name: "Set limit" }).click();
      await view.told("limit was set");
      const guest = await openClient(login("team", "guest", "guest"));
      expect(await refusal(guest, (channel) => channel.assertQueue("second"))).toMatch(/limit/);
      await view.button("Clear").first().click();
      await view.sayYes("Clear");
      await view.told("limit was cleared");
      expect(await refusal(guest, (channel) => channel.assertQueue("second"))).toBeUndefined();
      await guest.close();
    });

    test("deleting a virtual host closes its connections", async () => {
      const guest = await openClient(login("team", "guest", "guest"));
      const closed = new Promise((resolve) => guest.connection.on("close", resolve));
      await view.goTo("/vhosts/team");
      await view.button("Delete").click();
      await view.sayYes("Delete");
      await view.told("team was deleted");
      await closed;
      await expect(openClient(login("team", "guest", "guest"))).rejects.toThrow();
    });

    test("user and operator policies change queues at once, and are edited and deleted", async () => {
      await client.channel.assertQueue("ruled");
      await view.goTo("/policies");
      await view.button("Add or update policy").click();
      await view.fillDialog({
        Name: "three",
        Pattern: "^ruled$",
        "Apply to": "Queues",
        Priority: "2",
      });
      await view.dialog.getByRole("button", { name: "Max length", exact: true }).click();
      await view.fillDialog({ "Value 1": "3" });
      await view.dialog.getByRole("button", { name: "Add or update policy" }).click();
      await view.told("three was saved");
      await fill(client, "ruled", 10);
      await expect.poll(() => ready(client, "ruled")).toBe(3);
      await view.button("Add or update operator policy").click();
      await view.fillDialog({ Name: "two", Pattern: "^ruled$" });
      await view.dialog.getByRole("button", { name: "Max length", exact: true }).click();
      await view.fillDialog({ "Value 1": "2" });
      await view.dialog.getByRole("button", { name: "Add or update operator policy" }).click();
      await view.told("two was saved");
      await fill(client, "ruled", 10);
      await expect.poll(() => ready(client, "ruled")).toBe(2);
      await view.page.getByRole("link", { name: "two", exact: true }).click();
      await view.page.getByRole("link", { name: "ruled", exact: true }).waitFor();
      await view.button("Delete").click();
      await view.sayYes("Delete");
      await view.told("two was deleted");
      await view.goTo("/policies/%2F/three");
      await view.fillForm("Edit", { "Value 1": "5" }, "Save");
      await fill(client, "ruled", 10);
      await expect.poll(() => ready(client, "ruled")).toBe(5);
    });

    test("the cluster's name, as the next connection is told", async () => {
      await view.goTo("/cluster-name");
      await view.page.getByRole("textbox", { name: "Name" }).fill("warren");
      await view.button("Change name").click();
      await view.told("renamed");
      const next = await openClient(stage.amqpUrl);
      const { serverProperties } = next.connection.connection;
      expect((serverProperties as unknown as { cluster_name: string }).cluster_name).toBe("warren");
      await next.close();
    });

    test("definitions out and in again", async () => {
      await view.goTo("/");
      await view.button("Definitions").click();
      const [download] = await Promise.all([
        view.page.waitForEvent("download"),
        view.button("Download").click(),
      ]);
      const saved = JSON.parse(readFileSync(await download.path(), "utf8"));
      expect(saved.queues.map((queue: { name: string }) => queue.name)).toContain("ruled");
      saved.queues.push({ ...saved.queues[0], name: "from-a-file", arguments: {} });
      const file = join(tmpdir(), `leveret-definitions-${process.pid}.json`);
      writeFileSync(file, JSON.stringify(saved));
      await view.page.locator("input[type=file]").setInputFiles(file);
      await view.button("Upload").click();
      await view.told("were imported");
      expect(await ready(client, "from-a-file")).toBe(0);
    });

    test("reset statistics", async () => {
      await view.goTo("/");
      await view.button("This node").click();
      await view.sayYes("Reset");
      await view.told("Statistics were reset");
    });
  });
});
