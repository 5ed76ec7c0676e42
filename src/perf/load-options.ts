// From what was typed to the plan of a throughput or latency run.

import { readFileSync } from "node:fs";
import { type FieldTable, type FieldValue, longString } from "../broker/message/field-table.ts";
import type { MessageProperties } from "../broker/message/message-properties.ts";
import { PUBLISHERS_MAX } from "./message-stamp.ts";
import {
  parseCount,
  parseProperties,
  parseRateStep,
  parseSeconds,
  parseSize,
  parseStep,
  parseTable,
} from "./option-values.ts";
import type {
  ConsumePlan,
  ExchangePlan,
  LoadPlan,
  PublishPlan,
  QueuePlan,
  Settlement,
} from "./plan.ts";
import { RateSchedule } from "./rate-schedule.ts";
import { StepSchedule } from "./step-schedule.ts";
import { type LoginOptions, parseTarget, type Target } from "./target.ts";

/** Option values by their long names, as typed; what was left out is undefined. */
export interface LoadFlags {
  readonly uri: string;
  readonly uris?: string;
  readonly useDefaultSslContext?: boolean;
  readonly saslExternal?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly id?: string;
  readonly producers: string;
  readonly consumers: string;
  readonly producerChannelCount: string;
  readonly consumerChannelCount: string;
  readonly queue: string;
  readonly queuePattern?: string;
  readonly queuePatternFrom: string;
  readonly queuePatternTo?: string;
  readonly queueArgs?: string;
  readonly consumerArgs?: string;
  readonly quorumQueue?: boolean;
  readonly streamQueue?: boolean;
  readonly exchange: string;
  readonly type: string;
  readonly routingKey?: string;
  readonly varyRoutingKey?: boolean;
  readonly bindingKey?: string;
  readonly predeclared?: boolean;
  readonly autoDelete?: string;
  readonly exclusive?: boolean;
  readonly keep?: boolean;
  readonly purge: boolean;
  readonly size: string;
  readonly variableSize?: readonly string[];
  readonly body?: string;
  readonly bodyContentType?: string;
  readonly randomBodies?: boolean;
  readonly flag: readonly string[];
  readonly messageProperties?: string;
  readonly rate: string;
  readonly variableRate?: readonly string[];
  readonly publishingInterval?: string;
  readonly consumerRate: string;
  readonly confirm?: string;
  readonly confirmTimeout?: string;
  readonly consumerLatency?: string;
  readonly variableLatency?: readonly string[];
  readonly autoack?: boolean;
  readonly nack?: boolean;
  readonly requeue?: string;
  readonly exitWhen?: string;
  readonly multiAckEvery: string;
  readonly qos: string;
  readonly globalQos: string;
  readonly polling?: boolean;
  readonly pollingInterval: string;
  readonly time?: string;
  readonly pmessages?: string;
  readonly cmessages?: string;
  readonly maxLag: string;
  readonly warmUp?: string;
  readonly interval: string;
  readonly batchBytes?: string;
  readonly pid?: string;
}

const FLAGS = ["persistent", "mandatory"];
/** Without a time or a number of messages a run goes on until it is interrupted. */
const FOR_EVER = Number.POSITIVE_INFINITY;
const PREFETCH_MAX = 65_535;
/** As PerfTest's. */
const CONFIRM_TIMEOUT = "30";
const BATCH_MESSAGES = 128;
/** A window of confirms is not to go out at once. */
const BATCH_MESSAGES_CONFIRMED = 16;
const BATCH_BYTES_MIN = 65_536;
const BATCH_BYTES_MAX = 262_144;
/** A stream hands nothing to a consumer without prefetch and acknowledgements. */
const STREAM_PREFETCH = 200;

/** Checks the options and fills in the plan. Throws an Error that says which option is wrong and why. */
export function planFrom(flags: LoadFlags): LoadPlan {
  const targets = targetsFrom(flags);
  const plan: LoadPlan = {
    target: targets[0] as Target,
    targets,
    id: flags.id ?? defaultId(new Date()),
    runNumber: 1 + Math.floor(Math.random() * 0xfffe),
    queues: queuePlan(flags),
    exchange: exchangePlan(flags),
    publish: publishPlan(flags),
    consume: consumePlan(flags),
    warmUpSeconds: warmUpSeconds(flags),
    seconds: flags.time === undefined ? FOR_EVER : named("--time", () => parseSeconds(flags.time!)),
    intervalSeconds: named("--interval", () => parseSeconds(flags.interval)),
    exitWhen: exitWhen(flags),
    brokerPid: flags.pid === undefined ? undefined : count("--pid", flags.pid, 1),
  };
  check(plan);
  return plan;
}

function targetsFrom(flags: LoadFlags): Target[] {
  const file = (option: string, path: string | undefined): Uint8Array | undefined =>
    path === undefined ? undefined : named(option, () => readFileSync(path));
  const options: LoginOptions = {
    verifiesCertificate: flags.useDefaultSslContext === true,
    external: flags.saslExternal === true,
    ca: file("--tls-ca", flags.tlsCa),
    cert: file("--tls-cert", flags.tlsCert),
    key: file("--tls-key", flags.tlsKey),
  };
  if (flags.uris === undefined) return [named("--uri", () => parseTarget(flags.uri, options))];
  return flags.uris.split(",").map((uri) => named("--uris", () => parseTarget(uri, options)));
}

function check(plan: LoadPlan): void {
  const publishers = plan.publish.connections * plan.publish.channels;
  if (publishers > PUBLISHERS_MAX) throw new Error(`at most ${PUBLISHERS_MAX} publishers`);
  if (publishers + plan.consume.connections === 0) {
    throw new Error("--producers and --consumers are both 0: there is nothing to do");
  }
  if (plan.publish.bodies !== undefined && plan.publish.sizes !== undefined) {
    throw new Error("--body and --variable-size: one of them");
  }
  if (plan.intervalSeconds <= 0) throw new Error("--interval: must be more than 0");
}

function queuePlan(flags: LoadFlags): QueuePlan {
  const isReplicated = flags.quorumQueue === true || flags.streamQueue === true;
  const persistent = flags.flag.includes("persistent");
  return {
    names: queueNames(flags),
    durable: persistent || isReplicated,
    autoDelete: flags.autoDelete === "true",
    exclusive: flags.exclusive === true,
    arguments: queueArguments(flags),
    predeclared: flags.predeclared === true,
    purge: flags.purge && Number(flags.producers) > 0 && flags.streamQueue !== true,
    remove: flags.keep !== true,
  };
}

function queueNames(flags: LoadFlags): string[] {
  const { queuePattern, queuePatternTo } = flags;
  if (queuePattern === undefined) return [flags.queue];
  if (queuePatternTo === undefined) throw new Error("--queue-pattern needs --queue-pattern-to");
  const from = count("--queue-pattern-from", flags.queuePatternFrom);
  const to = count("--queue-pattern-to", queuePatternTo);
  if (to < from) throw new Error("--queue-pattern-to: must not be less than --queue-pattern-from");
  const nameOf = (number: number): string => {
    const name = queuePattern.replace(/%(0\d+)?d?/, (_, width: string | undefined) =>
      String(number).padStart(Number(width ?? 0), "0"),
    );
    if (name === queuePattern) throw new Error("--queue-pattern: has no % for the number");
    return name;
  };
  return Array.from({ length: to - from + 1 }, (_, index) => nameOf(from + index));
}

function queueArguments(flags: LoadFlags): FieldTable {
  const given = flags.queueArgs === undefined ? "" : flags.queueArgs;
  const table = new Map<string, FieldValue>(named("--queue-args", () => parseTable(given)));
  if (flags.quorumQueue === true) table.set("x-queue-type", longString("quorum"));
  if (flags.streamQueue === true) table.set("x-queue-type", longString("stream"));
  return table;
}

function exchangePlan(flags: LoadFlags): ExchangePlan {
  return {
    name: flags.exchange,
    type: flags.type,
    routingKey: flags.routingKey,
    varyKey: flags.varyRoutingKey === true,
    bindingKey: flags.bindingKey,
  };
}

function publishPlan(flags: LoadFlags): PublishPlan {
  for (const flag of flags.flag) {
    if (!FLAGS.includes(flag)) throw new Error(`--flag: ${FLAGS.join(" or ")}, not "${flag}"`);
  }
  return {
    connections: count("--producers", flags.producers),
    channels: count("--producer-channel-count", flags.producerChannelCount, 1),
    sizeBytes: named("--size", () => parseSize(flags.size)),
    sizes: steps("--variable-size", flags.variableSize, parseSize),
    bodies: flags.body === undefined ? undefined : bodiesFrom(flags.body),
    randomBody: flags.randomBodies === true,
    properties: properties(flags),
    mandatory: flags.flag.includes("mandatory"),
    rate: rateSchedule(flags),
    confirmWindow: flags.confirm === undefined ? undefined : count("--confirm", flags.confirm, 1),
    confirmTimeoutSeconds: named("--confirm-timeout", () =>
      parseSeconds(flags.confirmTimeout ?? CONFIRM_TIMEOUT),
    ),
    messages: flags.pmessages === undefined ? FOR_EVER : count("--pmessages", flags.pmessages, 1),
    lagMax: count("--max-lag", flags.maxLag),
    batchBytes: batchBytes(flags),
  };
}

/** `--rate` as lavinmqperf means it: 0 is no limit. */
function rateSchedule(flags: LoadFlags): RateSchedule | undefined {
  const { variableRate = [], publishingInterval } = flags;
  if (variableRate.length > 0) {
    return new RateSchedule(
      variableRate.map((step) => named("--variable-rate", () => parseRateStep(step))),
    );
  }
  if (publishingInterval !== undefined) {
    const seconds = named("--publishing-interval", () => parseSeconds(publishingInterval));
    if (seconds === 0) throw new Error("--publishing-interval: must be more than 0");
    return RateSchedule.steady(1 / seconds);
  }
  const ratePerSecond = number("--rate", flags.rate);
  return ratePerSecond > 0 ? RateSchedule.steady(ratePerSecond) : undefined;
}

const steadyWork = ({ consumerLatency = "0" }: LoadFlags): StepSchedule | undefined => {
  const workUs = count("--consumer-latency", consumerLatency);
  return workUs === 0 ? undefined : StepSchedule.steady(workUs);
};

/** `VALUE:SECONDS`, any number of times. */
function steps(
  option: string,
  texts: readonly string[] | undefined,
  parseValue: (text: string) => number,
): StepSchedule | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  return new StepSchedule(texts.map((text) => named(option, () => parseStep(text, parseValue))));
}

function bodiesFrom(files: string): Uint8Array[] {
  return files.split(",").map((file) => named("--body", () => readFileSync(file)));
}

/** Enough messages that a write costs little beside them, and not more than stays in a processor's cache. */
function batchBytes({ batchBytes, size, confirm }: LoadFlags): number {
  if (batchBytes !== undefined) return named("--batch-bytes", () => parseSize(batchBytes));
  const messages = confirm === undefined ? BATCH_MESSAGES : BATCH_MESSAGES_CONFIRMED;
  const wanted = messages * named("--size", () => parseSize(size));
  return Math.max(BATCH_BYTES_MIN, Math.min(wanted, BATCH_BYTES_MAX));
}

function properties(flags: LoadFlags): MessageProperties {
  const given = flags.messageProperties ?? "";
  const typed = named("--message-properties", () => parseProperties(given));
  const contentType = flags.bodyContentType;
  const parsed = contentType === undefined ? typed : { ...typed, contentType };
  return flags.flag.includes("persistent") ? { ...parsed, deliveryMode: 2 } : parsed;
}

function consumePlan(flags: LoadFlags): ConsumePlan {
  const prefetch = count("--qos", flags.qos);
  if (prefetch > PREFETCH_MAX) throw new Error(`--qos: at most ${PREFETCH_MAX}`);
  return {
    connections: count("--consumers", flags.consumers),
    channels: count("--consumer-channel-count", flags.consumerChannelCount, 1),
    autoAck: flags.autoack === true,
    settlement: settlement(flags),
    ackEvery: count("--multi-ack-every", flags.multiAckEvery, 1),
    prefetch: prefetch === 0 && flags.streamQueue === true ? STREAM_PREFETCH : prefetch,
    channelPrefetch: count("--global-qos", flags.globalQos),
    ratePerSecond: Math.max(0, number("--consumer-rate", flags.consumerRate)),
    messages: flags.cmessages === undefined ? FOR_EVER : count("--cmessages", flags.cmessages, 1),
    arguments: named("--consumer-args", () => parseTable(flags.consumerArgs ?? "")),
    workUs: steps("--variable-latency", flags.variableLatency, parseCount) ?? steadyWork(flags),
    polling: flags.polling === true,
    pollingPauseMs: count("--polling-interval", flags.pollingInterval),
  };
}

function settlement({ nack, requeue }: LoadFlags): Settlement {
  if (nack !== true) return "ack";
  return requeue === "false" ? "reject" : "requeue";
}

function exitWhen({ exitWhen }: LoadFlags): LoadPlan["exitWhen"] {
  if (exitWhen === undefined || exitWhen === "idle" || exitWhen === "empty") return exitWhen;
  throw new Error(`--exit-when: idle or empty, not "${exitWhen}"`);
}

function warmUpSeconds(flags: LoadFlags): number {
  if (flags.warmUp !== undefined) return named("--warm-up", () => parseSeconds(flags.warmUp!));
  // A run of so many messages counts all of them; a timed one is measured once it is under way.
  return flags.time !== undefined && flags.pmessages === undefined ? 1 : 0;
}

function count(option: string, text: string, min = 0): number {
  return named(option, () => parseCount(text, min));
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (text === "" || Number.isNaN(value)) {
    throw new Error(`${option}: a number is needed, not "${text}"`);
  }
  return value;
}

function named<Value>(option: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new Error(`${option}: ${(error as Error).message}`);
  }
}

/** As PerfTest names its runs: test-HHMMSS-mmm. */
function defaultId(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return `test-${time}-${String(now.getMilliseconds()).padStart(3, "0")}`;
}
