// Names and texts that try to become markup or script, in every field a client can name, all at once: whatever page
// shows them, nothing runs and no policy reports anything.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, openClient } from "./amqp.ts";
import { obstacle, Stage, type View } from "./stage.ts";

/** Each calls `alert`, breaks out of markup, or confuses an address, if anything lets it. */
const PAYLOADS: readonly string[] = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  "<svg onload=alert(3)>",
  "<svg><script>alert(4)</script></svg>",
  '"><script>alert(5)</script>',
  "'><img src=x onerror=alert(6)>",
  "</title><script>alert(7)</script>",
  "</textarea><script>alert(8)</script>",
  "</style><script>alert(9)</script>",
  "<iframe srcdoc='<script>parent.alert(10)</script>'>",
  "<a href=javascript:alert(11)>click</a>",
  "javascript:alert(12)",
  "data:text/html,<script>alert(13)</script>",
  '" onmouseover="alert(14)',
  "' onfocus='alert(15)' autofocus='",
  "<details open ontoggle=alert(16)>",
  "<body onload=alert(17)>",
  "<input autofocus onfocus=alert(18)>",
  "<video><source onerror=alert(19)></video>",
  "<math><mtext><style><img src=x onerror=alert(20)>",
  "<style>*{background:url(javascript:alert(21))}</style>",
  "<link rel=stylesheet href=data:,*{color:red}>",
  "<base href=//evil.example/>",
  "<meta http-equiv=refresh content='0;url=javascript:alert(24)'>",
  "{{constructor.constructor('alert(25)')()}}",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that it is not one is the point
  "${alert(26)}`${alert(26)}`",
  "__proto__",
  "constructor",
  "../../%2F..%2f?a=b#c&d;e%00\\%25",
  "\u202Ereversed\u0000\u200Bhidden\u{1F407}",
];

const vhost = "<b>vhost</b>\"'/%2F";
const encoded = encodeURIComponent(vhost);

describe.skipIf(obstacle !== undefined)(`hostile names${obstacle ? `: ${obstacle}` : ""}`, () => {
  let stage: Stage;
  let view: View;
  const clients: Client[] = [];

  beforeAll(async () => {
    stage = await Stage.open();
    await makeEverything(stage, clients);
    view = await stage.newView();
  }, 120_000);

  afterAll(async () => {
    for (const client of clients) await client.close();
    await stage?.close();
  });

  /** Every list, and from each of them every link to something of ours. */
  const LISTS = [
    "/",
    "/connections",
    "/channels",
    "/consumers",
    "/exchanges",
    "/queues",
    `/topology?vhost=${encoded}`,
    "/dead-letters",
    "/users",
    "/vhosts",
    "/policies",
    "/limits",
    "/dynamic-shovels",
    "/federation-upstreams",
    "/stream/super-streams",
    "/logs",
    `/tap?vhost=${encoded}&queue=${encodeURIComponent(PAYLOADS[4] ?? "")}`,
    `/timeline?vhost=${encoded}&id=${encodeURIComponent(PAYLOADS[4] ?? "")}`,
  ];

  test.each(LISTS)("list %s", async (path) => {
    await view.goTo(path);
    await view.page.waitForTimeout(300);
    expect(view.problems).toEqual([]);
  });

  test.each(PAYLOADS.map((payload, index) => [index + 1, payload] as const))(
    "%i: %j",
    async (_number, payload) => {
      const name = encodeURIComponent(payload);
      const paths = [
        `/queues/${encoded}/${name}`,
        `/queues/${encoded}/${name}?tab=messages`,
        `/exchanges/${encoded}/${name}`,
        `/policies/${encoded}/${name}`,
        `/operator_policies/${encoded}/${name}`,
        `/users/${name}`,
        `/vhosts/${name}`,
      ];
      for (const path of paths) {
        await view.goTo(path);
        await expect
          .poll(() => view.page.locator("h1").textContent(), { message: path })
          .toBe(payload);
        expect(await view.page.getByText("Not found").count(), path).toBe(0);
        expect(view.problems, path).toEqual([]);
      }
    },
  );

  test("the routing playground explains each of them", async () => {
    for (const payload of PAYLOADS) {
      const name = encodeURIComponent(payload);
      await view.goTo(`/playground?vhost=${encoded}&exchange=${name}&routing_key=${name}`);
      await view.page.getByText(/^Reaches/).waitFor();
      expect(view.problems, payload).toEqual([]);
    }
  });

  test("the pages of connections, with their properties, and of channels", async () => {
    const connections = await stage.api<{ name: string }[]>("GET", "/connections");
    expect(connections.length).toBeGreaterThanOrEqual(PAYLOADS.length);
    for (const { name } of connections) {
      await view.goTo(`/connections/${encodeURIComponent(name)}`);
      expect(view.problems, name).toEqual([]);
    }
    const shown = await view.page.locator("h1").textContent();
    expect(PAYLOADS).toContain(shown);
    for (const { name } of (await stage.api<{ name: string }[]>("GET", "/channels")).slice(0, 8)) {
      await view.goTo(`/channels/${encodeURIComponent(name)}`);
      expect(view.problems, name).toEqual([]);
    }
  });

  test("where a message says it died, and what else a queue's page tells of it", async () => {
    for (const tab of ["deadLetters", "unacked", "settings"]) {
      await view.goTo(`/queues/${encoded}/${encodeURIComponent(PAYLOADS[0] ?? "")}?tab=${tab}`);
      expect(view.problems, tab).toEqual([]);
    }
    await view.goTo(`/queues/${encoded}/${encodeURIComponent(PAYLOADS[0] ?? "")}?tab=deadLetters`);
    const origin = view.page.getByRole("link", { name: "<img src=x onerror=alert(2)>" });
    await origin.first().waitFor();
  });

  test("the lists show the names as they are", async () => {
    for (const path of ["/queues", "/exchanges", "/users", "/policies", "/consumers"]) {
      await view.goTo(path);
      const shown = view.page.getByText("<svg><script>alert(4)</script></svg>", { exact: true });
      expect(await shown.count(), path).toBeGreaterThan(0);
    }
  });

  test("of names that a browser takes for a place the page says who can ask for them", async () => {
    const client = await openClient(stage.amqpUrl, "dots");
    for (const name of [".", ".."]) {
      await client.channel.assertQueue(name);
      await view.goTo(`/queues/%2F/${name}`);
      await view.page.getByText("Browsers cannot ask for a name").waitFor();
      await client.channel.deleteQueue(name);
    }
    await client.close();
    expect(view.problems).toEqual([]);
  });

  test("had something run or been refused, it would have been noticed", async () => {
    const other = await stage.newView();
    await other.page.evaluate(() => {
      document.body.insertAdjacentHTML(
        "beforeend",
        "<img src=x onerror=alert(1)><style>*{}</style>",
      );
      alert("here");
    });
    await expect.poll(() => other.problems).toContain("alert: here");
    await expect.poll(() => other.problems.join()).toContain("policy: style-src");
    await expect.poll(() => other.problems.join()).toContain("policy: script-src");
    await other.close();
  });

  test("a message's every part, and what the broker answers, is text", async () => {
    await view.goTo(
      `/queues/${encoded}/${encodeURIComponent("<svg onload=alert(3)>")}?tab=messages`,
    );
    await view.page
      .getByRole("button", { name: /^Show / })
      .first()
      .click();
    await view.dialog.waitFor();
    for (const tab of ["JSON", "Text", "Hex"]) {
      const choice = view.dialog.getByText(tab, { exact: true });
      if (await choice.isEnabled()) await choice.click();
    }
    await view.page.keyboard.press("Escape");
    await view.goTo("/queues");
    await view.page.getByRole("searchbox", { name: "Filter" }).fill("<img src=x onerror=alert(1)>");
    await view.page.keyboard.press("Control+k");
    await view.page.getByPlaceholder(/Queues, exchanges/).fill("<img");
    await view.dialog.getByText("<img src=x onerror=alert(2)>", { exact: true }).first().waitFor();
    await view.page.keyboard.press("Escape");
    // A refused action repeats the name in its reason.
    await view.goTo(`/queues/${encoded}/${encodeURIComponent("<script>alert(1)</script>")}`);
    await view.button("Delete").click();
    await view.fillDialog({ "Only if it is empty": true });
    await view.dialog.getByRole("button", { name: "Delete", exact: true }).click();
    await view.told(/not empty/);
    expect(view.problems).toEqual([]);
  });
});

/** Everything a client or an administrator can name, named with every payload. */
async function makeEverything(stage: Stage, clients: Client[]): Promise<void> {
  await stage.api("PUT", `/vhosts/${encoded}`, { description: PAYLOADS[1], tags: PAYLOADS[2] });
  const everything = { configure: ".*", write: ".*", read: ".*" };
  await stage.api("PUT", `/permissions/${encoded}/guest`, everything);
  const url = new URL(stage.amqpUrl);
  url.pathname = `/${encodeURIComponent(vhost)}`;
  for (const [index, payload] of PAYLOADS.entries()) {
    await makeDefinitions(stage, payload);
    const client = await openClient(url.toString(), payload, {
      product: payload,
      [payload]: payload,
      nested: { [payload]: [payload] },
    });
    clients.push(client);
    await makeObjects(client, payload, PAYLOADS[(index + 1) % PAYLOADS.length] ?? "");
  }
}

async function makeDefinitions(stage: Stage, payload: string): Promise<void> {
  const name = encodeURIComponent(payload);
  await stage.api("PUT", `/users/${name}`, { password: "x", tags: `management,${payload}` });
  await stage.api("PUT", `/vhosts/${name}`, { description: payload, tags: payload });
  const permission = { configure: "^$", write: "^$", read: "^$" };
  await stage.api("PUT", `/permissions/${encoded}/${name}`, permission);
  const topic = { exchange: payload, write: "^x$", read: "^x$" };
  await stage.api("PUT", `/topic-permissions/${encoded}/${name}`, topic);
  const pattern = `^${payload.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`;
  await stage.api("PUT", `/policies/${encoded}/${name}`, {
    pattern,
    definition: { "max-length": 1000, "dead-letter-exchange": payload },
    "apply-to": "queues",
    priority: 0,
  });
  await stage.api("PUT", `/operator-policies/${encoded}/${name}`, {
    pattern,
    definition: { "max-length": 2000 },
    "apply-to": "queues",
    priority: 0,
  });
}

async function makeObjects({ channel }: Client, payload: string, other: string): Promise<void> {
  const { queue } = await channel.assertQueue(payload, { arguments: { "x-note": payload } });
  await channel.assertExchange(payload, "topic", { arguments: { "x-note": payload } });
  await channel.bindQueue(queue, payload, payload, { [payload]: payload });
  channel.publish(payload, payload, Buffer.from(JSON.stringify({ [payload]: payload })), {
    headers: {
      [payload]: payload,
      nested: { [payload]: [payload] },
      "x-death": [{ reason: payload, queue: other, exchange: other, "routing-keys": [payload] }],
    },
    contentType: payload,
    appId: payload,
    messageId: payload,
    type: payload,
    correlationId: payload,
    replyTo: payload,
  });
  await channel.assertQueue(`consumed ${payload}`);
  await channel.consume(`consumed ${payload}`, () => {}, {
    consumerTag: payload,
    arguments: { "x-note": payload },
  });
}
