// Replays one recorded case against a broker and says whether its answer is right.

import { networkInterfaces } from "node:os";
import { inflateSync } from "node:zlib";
import { ByteWriter } from "../../src/lib/byte-writer.ts";
import { writeBodyFrames } from "../../src/protocols/amqp091/codec/frames.ts";
import { writeClientMethod } from "../../src/protocols/amqp091/codec/methods.generated.ts";
import { writeContentHeader } from "../../src/protocols/amqp091/codec/properties.ts";
import type { Answer, Case } from "./cases.ts";
import { users } from "./set-up.ts";
import { type ReceivedFrame, WireConnection } from "./wire.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  /** What answers take is measured with it: the time of day unless a broker in this thread can say what it used. */
  readonly clockMs?: () => number;
}

export interface Verdict {
  readonly id: string;
  readonly title: string;
  /** "" when the answer is right. */
  readonly problem: string;
  /** Why the case could not be run here, "" when it was. */
  readonly skipped: string;
  /** Differences from RabbitMQ that no client should mind, but which are worth a look. */
  readonly remarks: readonly string[];
}

/** A frame that should have come may take this long; only wrong answers wait for it. */
const FRAME_LIMIT_MS = 3_000;
/** RabbitMQ closes silently 3 s after a failed handshake. */
const CLOSE_LIMIT_MS = 6_000;
/** Where nothing says that all has come, nothing more within this time counts as that. */
const SILENCE_MS = 150;
/** The connection, not one of the cases' own channels, is asked with this one. */
const PROBE_CHANNEL = 9;

/**
 * The frames whose number and order are the broker's duty: connection.start is read before start-ok even where no
 * step lists it, and several confirms may be one.
 */
function countedFrames<Frame extends { readonly kind: string }>(frames: readonly Frame[]): Frame[] {
  return frames.filter(
    ({ kind }, at) =>
      kind !== "connection.start" &&
      !(kind === "basic.ack" && frames[at - 1]?.kind === "basic.ack"),
  );
}

const CHANNEL_CLOSE = {
  ...{ replyCode: 200, replyText: "", classId: 0, methodId: 0 },
  name: "channel.close",
} as const;

function isProbe({ channel }: ReceivedFrame): boolean {
  return channel === PROBE_CHANNEL;
}

function isError(kind: string): boolean {
  return kind === "connection.close" || kind === "channel.close";
}

interface Expected {
  readonly connection: number;
  readonly kind: string;
  readonly bytes: string;
  readonly isExact: boolean;
}

class Replay {
  readonly #target: Target;
  readonly #case: Case;
  readonly connections = new Map<number, WireConnection>();
  readonly expected: Expected[] = [];
  /** Frames of the prelude are nobody's answer. */
  readonly preludeLength = new Map<number, number>();
  readonly #unreadable = new Set<number>();
  readonly #clockMs: () => number;
  #sentAtMs = 0;
  #isUnanswered = false;
  #host: string;
  problem = "";
  skipped = "";

  constructor(target: Target, replayed: Case) {
    this.#target = target;
    this.#case = replayed;
    this.#clockMs = target.clockMs ?? (() => performance.now());
    this.#host = target.host;
  }

  async run(): Promise<void> {
    for (const step of this.#case.steps) {
      await this.#step(step.split(" "));
      if (this.skipped !== "" || this.problem !== "" || this.#isDerailed()) return;
    }
  }

  /** An error came where RabbitMQ sent something else, or nothing came: the steps after it have no meaning. */
  #isDerailed(): boolean {
    if (this.#isUnanswered) return true;
    return [...this.connections.keys()].some((index) => {
      const wanted = countedFrames(this.expected.filter(({ connection }) => connection === index));
      return countedFrames(this.received(index)).some(
        ({ kind }, at) => isError(kind) && kind !== wanted[at]?.kind && at < wanted.length,
      );
    });
  }

  async #step([number = "", verb = "", ...rest]: readonly string[]): Promise<void> {
    const index = Number(number);
    const handler = this.#verbs[verb];
    if (handler === undefined) throw new Error(`unknown step ${verb} in ${this.#case.id}`);
    await handler(index, rest);
  }

  readonly #verbs: Record<string, (index: number, rest: readonly string[]) => unknown> = {
    open: (index, rest) => this.#open(index, rest),
    ">": (index, [hex = ""]) => this.#send(index, Buffer.from(hex, "hex")),
    ">z": (index, [packed = ""]) => this.#send(index, inflateSync(Buffer.from(packed, "base64"))),
    dribble: (index, [pauseMs, hex = ""]) => this.#dribble(index, Number(pauseMs), hex),
    publish: (index, [count, size, queue = ""]) =>
      this.#publish(index, Number(count), Number(size), queue),
    "<": (index, [kind = "", bytes = ""]) => this.#expect(index, { kind, bytes, isExact: false }),
    "<exact": (index, [kind = "", bytes = ""]) =>
      this.#expect(index, { kind, bytes, isExact: true }),
    "<within": (index, [limit, kind = ""]) => this.#expectWithin(index, Number(limit), kind),
    rounds: (index, [count, hex = "", ...kinds]) =>
      this.#rounds(index, Number(count), Buffer.from(hex, "hex"), kinds),
    closed: async (index) => {
      const connection = await this.#connection(index);
      await connection.until(
        () => connection.isEnded || this.#isClosing(connection),
        CLOSE_LIMIT_MS,
      );
    },
    pause: (index, [durationMs]) => this.#pause(index, Number(durationMs)),
    "stop-reading": async (index) => {
      (await this.#connection(index)).pauseReading();
      this.#unreadable.add(index);
    },
    disconnect: async (index) => (await this.#connection(index)).disconnect(),
    outside: () => this.#goOutside(),
  };

  async #open(index: number, words: readonly string[]): Promise<void> {
    const option = Object.fromEntries(words.map((word) => word.split("=")));
    const connection = await this.#connection(index);
    const user = users.find(({ name }) => name === option.user);
    if (user === undefined) throw new Error(`unknown user ${option.user} in ${this.#case.id}`);
    try {
      await connection.open({
        user: user.name,
        password: user.password,
        vhost: option.vhost,
        channels: Number(option.channels),
        channelMax: Number(option.channelMax ?? 2_047),
        frameMax: Number(option.frameMax ?? 131_072),
        hasCapabilities: option.capabilities !== "none",
      });
    } catch (error) {
      this.problem = `connection ${index} could not be opened: ${(error as Error).message}`;
    }
    this.preludeLength.set(index, connection.frames.length);
  }

  /** Connects on first use. */
  async #connection(index: number): Promise<WireConnection> {
    const known = this.connections.get(index);
    if (known !== undefined) return known;
    const connection = await WireConnection.connect(this.#host, this.#target.port);
    this.connections.set(index, connection);
    this.preludeLength.set(index, 0);
    return connection;
  }

  async #send(index: number, bytes: Uint8Array): Promise<void> {
    const connection = await this.#connection(index);
    // A start-ok goes out after connection.start even where no step lists it.
    if (connection.frames.length === 0 && isStartOk(bytes)) {
      await connection.until(
        () => connection.frames.length > 0 || connection.isEnded,
        FRAME_LIMIT_MS,
      );
    }
    connection.send(bytes);
    this.#sentAtMs = this.#clockMs();
  }

  /** A pause is for the broker's timers: it begins when the broker has heard all that was sent. */
  async #pause(index: number, durationMs: number): Promise<void> {
    const connection = await this.#connection(index);
    const answers = () => connection.frames.filter(isProbe).length;
    for (const name of ["channel.open", "channel.close"] as const) {
      const before = answers();
      connection.sendMethod(PROBE_CHANNEL, name === "channel.open" ? { name } : CHANNEL_CLOSE);
      await connection.until(() => answers() > before || connection.isEnded, FRAME_LIMIT_MS);
    }
    await new Promise((done) => setTimeout(done, durationMs));
  }

  async #dribble(index: number, pauseMs: number, hex: string): Promise<void> {
    const connection = await this.#connection(index);
    for (const octet of Buffer.from(hex, "hex")) {
      connection.send(Uint8Array.of(octet));
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  }

  async #publish(index: number, count: number, sizeBytes: number, queue: string): Promise<void> {
    const writer = new ByteWriter();
    writeClientMethod(writer, 1, {
      ...{ name: "basic.publish", exchange: "", routingKey: queue },
      ...{ mandatory: false, immediate: false },
    });
    writeContentHeader(writer, 1, sizeBytes, {});
    writeBodyFrames(writer, 1, new Uint8Array(sizeBytes), 131_072);
    const message = writer.toBytes();
    for (let i = 0; i < count; i++) await this.#send(index, message);
  }

  /** Waits until as many frames have come on this connection as were expected, or an error instead. */
  async #expect(index: number, expected: Omit<Expected, "connection">): Promise<void> {
    this.expected.push({ connection: index, ...expected });
    const connection = await this.#connection(index);
    const wanted = this.expected.filter((other) => other.connection === index);
    const count = countedFrames(wanted).length;
    const answers = () => countedFrames(this.received(index));
    const isAnswered = await connection.until(
      () => answers().length >= count || connection.isEnded || this.#hasError(),
      FRAME_LIMIT_MS,
    );
    if (!isAnswered) this.#isUnanswered = true;
    const frame = answers()[count - 1];
    if (expected.isExact && frame?.bytes.toString("hex") !== expected.bytes) {
      this.problem = `${expected.kind} ${frame?.bytes.toString("hex")} instead of ${expected.bytes}`;
    }
  }

  async #expectWithin(index: number, limitMs: number, kind: string): Promise<void> {
    const sentAtMs = this.#sentAtMs;
    await this.#expect(index, { kind, bytes: "", isExact: false });
    const tookMs = this.#isUnanswered ? Number.POSITIVE_INFINITY : this.#clockMs() - sentAtMs;
    if (tookMs > limitMs) this.problem = `${kind} took ${tookMs} ms, more than ${limitMs}`;
  }

  async #rounds(
    index: number,
    count: number,
    bytes: Uint8Array,
    kinds: readonly string[],
  ): Promise<void> {
    for (let i = 0; i < count && !this.#hasError(); i++) {
      await this.#send(index, bytes);
      for (const kind of kinds) await this.#expect(index, { kind, bytes: "", isExact: false });
    }
  }

  #goOutside(): void {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === "IPv4" && !address.internal);
    if (outside === undefined) this.skipped = "this machine has no address but loopback";
    else this.#host = outside.address;
  }

  #isClosing(connection: WireConnection): boolean {
    return connection.frames.some((frame) => frame.kind === "connection.close");
  }

  #hasError(): boolean {
    return [...this.connections.values()].some((connection) => this.#isClosing(connection));
  }

  /** What came on a connection after its prelude. */
  received(index: number): readonly ReceivedFrame[] {
    const connection = this.connections.get(index);
    const frames = connection?.frames.slice(this.preludeLength.get(index)) ?? [];
    return frames.filter((frame) => !isProbe(frame));
  }

  /** The first thing that went wrong on any connection, as an answer. */
  outcome(): Answer & { readonly text?: string; readonly connection: number } {
    for (const [index, connection] of this.connections) {
      for (const { kind, method } of this.received(index)) {
        if (method?.name === "connection.close" || method?.name === "channel.close") {
          const { replyCode: code, replyText: text, classId, methodId } = method;
          return { outcome: method.name, code, text, classId, methodId, connection: index };
        }
        if (kind === "protocol-header") return { outcome: "protocol-header", connection: index };
      }
      const wasClosedOrderly = this.received(index).some(
        ({ kind }) => kind === "connection.close-ok",
      );
      if (connection.isEnded && !wasClosedOrderly && !this.#disconnected(index)) {
        return { outcome: "tcp-close", connection: index };
      }
    }
    return { outcome: "no-error", connection: 0 };
  }

  #disconnected(index: number): boolean {
    return this.#case.steps.includes(`${index} disconnect`);
  }

  isReading(index: number): boolean {
    return !this.#unreadable.has(index);
  }
}

function isStartOk(bytes: Uint8Array): boolean {
  return bytes.length > 10 && bytes[0] === 1 && bytes[8] === 10 && bytes[10] === 11;
}

function isAccepted(answer: Answer, accept: readonly Answer[]): boolean {
  return accept.some(
    (accepted) =>
      accepted.outcome === answer.outcome &&
      (accepted.code === undefined || accepted.code === answer.code) &&
      (accepted.classId === undefined || accepted.classId === answer.classId) &&
      (accepted.methodId === undefined || accepted.methodId === answer.methodId),
  );
}

export async function replay(target: Target, replayed: Case): Promise<Verdict> {
  const run = new Replay(target, replayed);
  const verdict = (problem: string, remarks: readonly string[] = []): Verdict => {
    const { id, title } = replayed;
    return { id, title, problem, skipped: run.skipped, remarks };
  };
  try {
    await run.run();
    if (run.problem !== "" || run.skipped !== "") return verdict(run.problem);
    await waitForOutcome(run, replayed);
    const frameKinds = describeKinds(run);
    const answer = run.outcome();
    if (!isAccepted(answer, replayed.accept)) {
      return verdict(
        `${describe(answer)} instead of ${replayed.accept.map(describe).join(" or ")}`,
      );
    }
    const problem = await checkAnswer(run, replayed, answer, frameKinds);
    return verdict(problem, remarksOn(run, replayed, answer));
  } finally {
    for (const connection of run.connections.values()) connection.disconnect();
  }
}

/** Gives an error that is due the time to arrive, and an error that is not due the chance to. */
async function waitForOutcome(run: Replay, replayed: Case): Promise<void> {
  const first = run.connections.get(0);
  if (first === undefined) return;
  const isDone = () => run.outcome().outcome !== "no-error";
  const mayStaySilent = replayed.accept.some((answer) => answer.outcome === "no-error");
  for (const connection of run.connections.values()) {
    if (isDone()) return;
    await connection.until(isDone, mayStaySilent ? SILENCE_MS : CLOSE_LIMIT_MS);
  }
}

function kindsOf(frames: readonly { readonly kind: string }[]): string {
  return countedFrames(frames)
    .map(({ kind }) => kind)
    .join(" ");
}

function describeKinds(run: Replay): Map<number, string> {
  return new Map([...run.connections.keys()].map((index) => [index, kindsOf(run.received(index))]));
}

async function checkAnswer(
  run: Replay,
  replayed: Case,
  answer: Answer & { connection: number },
  frameKinds: Map<number, string>,
): Promise<string> {
  if (answer.outcome === "no-error" && replayed.rabbitmq.outcome === "no-error") {
    for (const [index, kinds] of frameKinds) {
      if (!run.isReading(index)) continue;
      const wanted = kindsOf(run.expected.filter(({ connection }) => connection === index));
      if (kinds !== wanted) return `frames [${kinds}] instead of [${wanted}]`;
    }
  }
  if (answer.outcome === "no-error" || answer.outcome === "channel.close") {
    return checkUsable(run, replayed, answer);
  }
  if (answer.outcome === "connection.close" && replayed.closesAfterCloseOk === true) {
    const connection = run.connections.get(answer.connection) as WireConnection;
    connection.sendMethod(0, { name: "connection.close-ok" });
    const isClosed = await connection.until(() => connection.isEnded, FRAME_LIMIT_MS);
    if (!isClosed) return "the TCP connection stays open after connection.close-ok";
  }
  return "";
}

async function checkUsable(
  run: Replay,
  replayed: Case,
  answer: Answer & { connection: number },
): Promise<string> {
  const { after } = replayed;
  const connection = run.connections.get(answer.connection) as WireConnection;
  const asRecorded = answer.outcome === replayed.rabbitmq.outcome;
  const answers = async (channel: number, kind: "basic.qos-ok" | "channel.open-ok") => {
    const from = connection.frames.length;
    const isAnswer = (frame: ReceivedFrame) => frame.kind === kind && frame.channel === channel;
    await connection.until(
      () => connection.frames.slice(from).some(isAnswer) || connection.isEnded,
      FRAME_LIMIT_MS,
    );
    return connection.frames.slice(from).some(isAnswer);
  };
  if (after?.channel === "usable" && asRecorded) {
    const qos = { name: "basic.qos", prefetchSize: 0, prefetchCount: 10, global: false } as const;
    connection.sendMethod(1, qos);
    if (!(await answers(1, "basic.qos-ok"))) return "the channel is no longer usable";
  }
  const isOpen = after?.connection === "usable" || answer.outcome === "channel.close";
  if (isOpen) {
    connection.sendMethod(PROBE_CHANNEL, { name: "channel.open" });
    if (!(await answers(PROBE_CHANNEL, "channel.open-ok"))) {
      return "the connection is no longer usable";
    }
  }
  return "";
}

/** Texts and bytes that differ from RabbitMQ's where the answer is the same. */
function remarksOn(
  run: Replay,
  replayed: Case,
  answer: Answer & { readonly text?: string },
): string[] {
  const remarks: string[] = [];
  const recorded = replayed.rabbitmq;
  const isSame = recorded.outcome === answer.outcome && recorded.code === answer.code;
  if (
    isSame &&
    recorded.code !== undefined &&
    recorded.text !== undefined &&
    recorded.text !== answer.text
  ) {
    const withoutDump = (text = "") => text.replaceAll(/<<.*>>/gs, "<<>>").replaceAll(/\s+/g, "");
    if (withoutDump(recorded.text) !== withoutDump(answer.text)) {
      remarks.push(`text: ${answer.text}\n   RabbitMQ: ${recorded.text}`);
    }
  }
  for (const index of run.connections.keys()) {
    const received = run.received(index);
    const wanted = run.expected.filter((expected) => expected.connection === index);
    for (const [at, { kind, bytes }] of wanted.entries()) {
      const frame = received[at];
      if (bytes === "" || frame?.kind !== kind || kind.endsWith(".close")) continue;
      const came = frame.bytes.toString("hex");
      if (masked(came) !== masked(bytes)) remarks.push(`${kind}: ${came}\n   RabbitMQ: ${bytes}`);
    }
  }
  return remarks;
}

/** Frames in hexadecimal without what is new every time: server-made names and the time of a death. */
function masked(hex: string): string {
  return hex.replaceAll(SERVER_NAMES, "$1").replaceAll(DEATH_TIMES, "$1");
}
const hexOf = (text: string) => Buffer.from(text).toString("hex");
const SERVER_NAMES = new RegExp(`(${hexOf("amq.gen-")}|${hexOf("amq.ctag-")})[0-9a-f]{44}`, "g");
const DEATH_TIMES = new RegExp(`(${hexOf("\x04timeT")})[0-9a-f]{16}`, "g");

function describe(answer: Answer & { readonly text?: string }): string {
  const ids = answer.classId === undefined ? "" : ` ${answer.classId}/${answer.methodId}`;
  const text = answer.text === undefined ? "" : ` "${answer.text}"`;
  return `${answer.outcome}${answer.code === undefined ? "" : ` ${answer.code}`}${ids}${text}`;
}
