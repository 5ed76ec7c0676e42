// Definitions: exchanges, queues, bindings, users, policies come and go one after the other; a restart brings back
// exactly those that were answered for. Only what was under way at the crash may be there or not.

import { type Channel, connect } from "amqplib";
import { ApiError, callApi, getJson } from "./api.ts";
import type { Chance } from "./chance.ts";

/** All of our names begin with it. */
const PREFIX = "def-";
const NAMES = 12;

/** What exists: a line for each object. */
type State = ReadonlyMap<string, string>;

interface Step {
  /** What it makes of the state. */
  readonly next: State;
  run(): Promise<unknown>;
}

interface Tools {
  readonly channel: Channel;
  readonly chance: Chance;
  readonly state: State;
  readonly http: (method: string, path: string, body?: object) => Promise<void>;
}

export class Definitions {
  readonly #chance: Chance;
  #state: State = new Map();
  #open: State | undefined = undefined;
  done = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Works until the broker goes away. */
  async run(port: number, httpPort: number): Promise<void> {
    try {
      const connection = await connect({ port });
      connection.on("error", () => {});
      const channel = await connection.createChannel();
      channel.on("error", () => {});
      const http = (method: string, path: string, body?: object): Promise<void> =>
        callApi(httpPort, method, path, body).then(() => {});
      for (;;) {
        const tools = { channel, chance: this.#chance, state: this.#state, http };
        const step = this.#chance.pick(steps)(tools);
        this.#open = step.next;
        await step.run();
        this.#state = step.next;
        this.#open = undefined;
        this.done++;
      }
    } catch (error) {
      if (error instanceof ApiError) throw error;
      // It is gone.
    }
  }

  /** Answers what is wrong, and takes what is there for the truth. */
  async compare(httpPort: number): Promise<string[]> {
    const actual = await exported(httpPort);
    const wanted = this.#open === undefined ? [this.#state] : [this.#state, this.#open];
    const texts = wanted.map(textOf);
    this.#state = actual;
    this.#open = undefined;
    const found = textOf(actual);
    return texts.includes(found)
      ? []
      : [`definitions: expected ${texts.join("\nor ")}\nfound ${found}`];
  }
}

function textOf(state: State): string {
  return [...state]
    .map(([key, value]) => `${key} = ${value}`)
    .sort()
    .join("\n");
}

function name(chance: Chance): string {
  return `${PREFIX}${chance.between(1, NAMES)}`;
}

function added(state: State, key: string, value: string): State {
  return new Map([...state, [key, value]]);
}

/** Without the object and everything that hangs on it. */
function without(state: State, matches: (key: string) => boolean): State {
  return new Map([...state].filter(([key]) => !matches(key)));
}

/** What can be done next. A step whose object is not there does something that changes nothing, as clients do. */
const steps: readonly ((tools: Tools) => Step)[] = [
  ({ channel, chance, state }) => {
    const queue = name(chance);
    const known = state.get(`queue ${queue}`);
    const lengthMax = known === undefined ? chance.between(1, 9) : Number(known);
    return {
      next: added(state, `queue ${queue}`, String(lengthMax)),
      run: () => channel.assertQueue(queue, { durable: true, maxLength: lengthMax }),
    };
  },
  ({ channel, chance, state }) => {
    const queue = name(chance);
    const isIts = (key: string): boolean =>
      key === `queue ${queue}` || (key.startsWith("binding ") && key.split(" ")[2] === queue);
    return { next: without(state, isIts), run: () => channel.deleteQueue(queue) };
  },
  ({ channel, chance, state }) => {
    const exchange = name(chance);
    const known = state.get(`exchange ${exchange}`);
    const type = known ?? chance.pick(["direct", "fanout", "topic", "headers"]);
    return {
      next: added(state, `exchange ${exchange}`, type),
      run: () => channel.assertExchange(exchange, type, { durable: true }),
    };
  },
  ({ channel, chance, state }) => {
    const exchange = name(chance);
    const isIts = (key: string): boolean =>
      key === `exchange ${exchange}` ||
      (key.startsWith("binding ") && key.split(" ")[1] === exchange);
    return { next: without(state, isIts), run: () => channel.deleteExchange(exchange) };
  },
  ({ channel, chance, state }) => {
    const binding = someBinding(state, chance);
    if (binding === undefined) return nothing(state);
    const { exchange, queue, key } = binding;
    return {
      next: added(state, `binding ${exchange} ${queue} ${key}`, ""),
      run: () => channel.bindQueue(queue, exchange, key),
    };
  },
  ({ channel, chance, state }) => {
    const binding = someBinding(state, chance);
    if (binding === undefined) return nothing(state);
    const { exchange, queue, key } = binding;
    const line = `binding ${exchange} ${queue} ${key}`;
    return {
      next: without(state, (other) => other === line),
      run: () => channel.unbindQueue(queue, exchange, key),
    };
  },
  ({ chance, state, http }) => {
    const user = name(chance);
    const tags = chance.pick(["monitoring", "management", ""]);
    return {
      next: added(state, `user ${user}`, tags),
      run: () => http("PUT", `/api/users/${user}`, { password: "secret", tags }),
    };
  },
  ({ chance, state, http }) => {
    const user = name(chance);
    if (!state.has(`user ${user}`)) return nothing(state);
    const next = without(state, (key) => key === `user ${user}`);
    return { next, run: () => http("DELETE", `/api/users/${user}`) };
  },
  ({ chance, state, http }) => {
    const policy = name(chance);
    const ttlMs = chance.between(1_000, 9_000);
    const body = { pattern: "^nobody$", definition: { "message-ttl": ttlMs } };
    return {
      next: added(state, `policy ${policy}`, String(ttlMs)),
      run: () => http("PUT", `/api/policies/%2F/${policy}`, body),
    };
  },
  ({ chance, state, http }) => {
    const policy = name(chance);
    if (!state.has(`policy ${policy}`)) return nothing(state);
    const next = without(state, (key) => key === `policy ${policy}`);
    return { next, run: () => http("DELETE", `/api/policies/%2F/${policy}`) };
  },
];

function nothing(state: State): Step {
  return { next: state, run: () => Promise.resolve() };
}

function someBinding(
  state: State,
  chance: Chance,
): { exchange: string; queue: string; key: string } | undefined {
  const named = (kind: string): string[] =>
    [...state.keys()].filter((key) => key.startsWith(kind)).map((key) => key.slice(kind.length));
  const [exchanges, queues] = [named("exchange "), named("queue ")];
  if (exchanges.length === 0 || queues.length === 0) return undefined;
  return {
    exchange: chance.pick(exchanges),
    queue: chance.pick(queues),
    key: `k${chance.between(1, 3)}`,
  };
}

interface Exported {
  readonly users: readonly { name: string; tags: readonly string[] | string }[];
  readonly policies: readonly { name: string; definition: Record<string, unknown> }[];
  readonly queues: readonly { name: string; arguments: Record<string, unknown> }[];
  readonly exchanges: readonly { name: string; type: string }[];
  readonly bindings: readonly { source: string; destination: string; routing_key: string }[];
}

/** What the broker says there is, of the names that are ours. */
async function exported(port: number): Promise<State> {
  const answer = await getJson<Exported>(port, "/api/definitions");
  const state = new Map<string, string>();
  const note = (kind: string, objectName: string, value: unknown): void => {
    if (objectName.startsWith(PREFIX)) state.set(`${kind} ${objectName}`, String(value));
  };
  for (const { name: user, tags } of answer.users) note("user", user, tags);
  for (const { name: policy, definition } of answer.policies) {
    note("policy", policy, definition["message-ttl"]);
  }
  for (const queue of answer.queues) note("queue", queue.name, queue.arguments["x-max-length"]);
  for (const { name: exchange, type } of answer.exchanges) note("exchange", exchange, type);
  for (const { source, destination, routing_key: key } of answer.bindings) {
    note("binding", `${source} ${destination} ${key}`, "");
  }
  return state;
}
