// Watching messages pass, and asking what happened to one.

import type { Client, Row } from "../client.ts";
import { part } from "../client.ts";
import { CtlError, Exit } from "../exit-codes.ts";
import { type Invocation, nothing, type Output, textOutput, type Verb } from "../verb.ts";
import { orUnavailable } from "./requests.ts";

const CTL = ["ctl"] as const;
const GROUP = "Watching messages";
/** Query parameters of the tap that are options here under the same name. */
const FILTERS = ["exchange", "queue", "connection", "kinds", "key", "header", "property", "text"];

export const observingVerbs: readonly Verb[] = [
  {
    name: "tap",
    scopes: CTL,
    usage: "[--exchange <name>] [--queue <name>] [--connection <name>] [--count <n>]",
    minimumArgs: 0,
    maximumArgs: 0,
    group: GROUP,
    summary: "Shows copies of messages as they pass an exchange, a queue or a connection",
    options: [
      { flags: "--exchange <name>", description: "published to it; amq.default = the default one" },
      { flags: "--queue <name>", description: "routed to it, delivered from it or dead in it" },
      { flags: "--connection <name>", description: "published or got by it" },
      { flags: "--kinds <kinds>", description: "of published,delivered,died" },
      { flags: "--key <key>", description: "with this routing key" },
      { flags: "--header <name:value>", description: "with this header" },
      { flags: "--property <name:value>", description: "with this property" },
      { flags: "--text <text>", description: "with this text in the body" },
      { flags: "--path <place:value>", description: "with this at a place of a JSON body" },
      { flags: "--payload-bytes <n>", description: "bytes of each body that are shown" },
      { flags: "--count <n>", description: "ends after so many" },
    ],
    banner: ({ vhost }) => `Watching messages in vhost ${vhost} ...`,
    run: tap,
  },
  {
    name: "timeline",
    scopes: CTL,
    usage: "on [<steps>] | off | <message id or correlation id>",
    minimumArgs: 1,
    maximumArgs: 2,
    group: GROUP,
    summary: "Remembers what happens to messages, and shows what happened to one",
    run: timeline,
  },
];

async function tap(invocation: Invocation): Promise<Output> {
  const { client, vhost, options, formatter, say } = invocation;
  const query = new URLSearchParams();
  const add = (name: string, value: string | boolean | undefined) => {
    if (typeof value === "string") query.set(name, value);
  };
  for (const name of [...FILTERS, "path"]) add(name, options[name]);
  add("payload_bytes", options.payloadBytes);
  const most = options.count === undefined ? Number.POSITIVE_INFINITY : Number(options.count);
  if (!(most >= 1)) throw new CtlError(Exit.usage, "--count must be a number, 1 or more");
  let shown = 0;
  await new Promise<void>((resolve, reject) => {
    const onLine = (line: string) => {
      if (shown === most) return;
      shown++;
      say(formatter === "json" ? line : lineOf(JSON.parse(line) as Row));
      if (shown === most) resolve();
    };
    client.lines(`/tap/${part(vhost)}?${query}`, onLine).then(resolve, reject);
  });
  client.close();
  return nothing;
}

/** "12:00:01.123 published orders "new" -> [audit, billing]  {"id":7}". */
function lineOf(event: Row): string {
  const time = String(event.time).slice(11, 23);
  if (event.kind === "missed") return `${time} missed ${event.count}: they came too fast`;
  const exchange = event.exchange === "" ? "(default)" : String(event.exchange);
  const queues = (event.routed_queues ?? []) as readonly string[];
  const where = {
    published: () => `${exchange} "${event.routing_key}" -> [${queues.join(", ")}]`,
    delivered: () => `${event.queue} -> ${event.connection} ${event.consumer_tag ?? "(get)"}`,
    died: () => `${event.queue} (${event.reason}) -> ${event.dead_letter_exchange ?? "nowhere"}`,
  }[String(event.kind)];
  return `${time} ${event.kind} ${where?.() ?? ""}  ${JSON.stringify(event.payload)}`;
}

async function timeline({ client, vhost, args, formatter }: Invocation): Promise<Output> {
  const [first = "", steps] = args;
  const place = `/timeline/${part(vhost)}`;
  if (first === "on") {
    await client.put(place, steps === undefined ? {} : { steps: Number(steps) });
    return textOutput(`What happens to messages in vhost ${vhost} is remembered from now on.`);
  }
  if (first === "off") {
    await client.delete(place);
    return textOutput(`Nothing is remembered in vhost ${vhost} any more.`);
  }
  const found = await orUnavailable(stepsOf(client, `${place}?id=${encodeURIComponent(first)}`));
  if (formatter === "json") return { kind: "value", text: "", json: found };
  if (found.length === 0) {
    throw new CtlError(Exit.unavailable, `nothing is known of a message with the id "${first}"`);
  }
  return textOutput(found.map(stepLine).join("\n"));
}

async function stepsOf(client: Client, path: string): Promise<readonly Row[]> {
  return (await client.get(path)) as readonly Row[];
}

function stepLine({ time, kind, message_id, correlation_id, ...facts }: Row): string {
  const told = Object.entries(facts).map(([name, value]) => {
    const text = Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
    return `${name}=${text}`;
  });
  return `${String(time).slice(11, 23)} ${String(kind).padEnd(12)} ${told.join(" ")}`;
}
