// Policies and operator policies: settings for queues and exchanges by the pattern of their names.
// One of each kind applies to an object: the one with the highest priority. Vhosts apply them to what they hold.

import { BrokerError } from "../errors.ts";
import type { BrokerEvents } from "../events.ts";
import type { DefinitionKind } from "../journal/definition-kinds.ts";
import type { JsonObject } from "../journal/journaling.ts";
import type { FieldTable } from "../message/field-table.ts";
import {
  type PlainJson,
  type PlainValues,
  plainJsonToTable,
  plainJsonToValue,
  toLogJson,
} from "../message/field-table-json.ts";
import type { PatternMatcher } from "../patterns.ts";
import type { QueueType } from "../queue/types.ts";
import type { AppliedPolicies, AppliedPolicy } from "./effective.ts";
import { exchangeSettingsByPolicyKey } from "./exchange-settings.ts";
import { tellAsParameter } from "./parameters.ts";
import { queueSettingsByPolicyKey } from "./queue-settings.ts";
import { jsonTerm } from "./shown-value.ts";

/** As the runtime parameters are called in RabbitMQ. */
export type PolicyKind = "policy" | "operator_policy";

export const policyTargets = [
  "all",
  "queues",
  "classic_queues",
  "quorum_queues",
  "streams",
  "exchanges",
] as const;
/** What a policy applies to. */
export type PolicyTarget = (typeof policyTargets)[number];

export interface Policy {
  readonly vhost: string;
  readonly name: string;
  /** A regular expression; found anywhere in a name. */
  readonly pattern: string;
  readonly applyTo: PolicyTarget;
  /** Policy keys and values, as RabbitMQ's API has them. */
  readonly definition: PlainValues;
  /** Higher wins. */
  readonly priority: number;
}

/** Taken and kept so that definitions move both ways; without effect here. */
const inertPolicyKeys: ReadonlySet<string> = new Set([
  "federation-upstream",
  "federation-upstream-set",
  "federation-upstream-pattern",
  "ha-mode",
  "ha-params",
  "ha-sync-mode",
  "ha-sync-batch-size",
  "ha-promote-on-shutdown",
  "ha-promote-on-failure",
  "shards-per-node",
  "routing-key",
]);

const targetOfType: Readonly<Record<string, PolicyTarget>> = {
  classic: "classic_queues",
  quorum: "quorum_queues",
  stream: "streams",
};

interface KnownPolicy {
  readonly policy: Policy;
  readonly applied: AppliedPolicy;
}

export interface PolicyContext {
  readonly matcher: PatternMatcher;
  readonly events: BrokerEvents;
  record(kind: DefinitionKind, object: JsonObject): void;
  /** The policies of this vhost have changed. */
  applyPolicies(vhost: string): void;
}

/** All policies of a broker. Changes are logged, told and applied. */
export class Policies {
  readonly #context: PolicyContext;
  readonly #matcher: PatternMatcher;
  /** By kind and vhost, sorted by falling priority. */
  readonly #known: Record<PolicyKind, Map<string, KnownPolicy[]>> = {
    policy: new Map(),
    operator_policy: new Map(),
  };

  constructor(context: PolicyContext) {
    this.#context = context;
    this.#matcher = context.matcher;
  }

  list(kind: PolicyKind, vhost?: string): Policy[] {
    const lists =
      vhost === undefined ? [...this.#known[kind].values()] : [this.#known[kind].get(vhost) ?? []];
    return lists.flat().map((known) => known.policy);
  }

  get(kind: PolicyKind, vhost: string, name: string): Policy | undefined {
    return this.#known[kind].get(vhost)?.find(({ policy }) => policy.name === name)?.policy;
  }

  /** Adds or replaces; the policy has been through `parsePolicy`. */
  set(kind: PolicyKind, policy: Policy, by: string): void {
    this.#put(kind, policy);
    this.#context.record("policy", {
      kind,
      ...policy,
      definition: toLogJson(policy.definition),
    });
    this.#tellSet(kind, policy, by);
    this.#context.applyPolicies(policy.vhost);
  }

  #tellSet(kind: PolicyKind, { name, vhost, ...policy }: Policy, by: string): void {
    const { events } = this.#context;
    const { pattern, applyTo, definition, priority } = policy;
    const value = { pattern, "apply-to": applyTo, definition, priority };
    if (kind === "operator_policy") {
      tellAsParameter(events, "parameter.set", { vhost, component: kind, name, value }, by);
    }
    events.emit("policy.set", { name, vhost, ...value, user_who_performed_action: by });
  }

  #tellCleared(kind: PolicyKind, vhost: string, name: string, by: string): void {
    const { events } = this.#context;
    const facts = { name, vhost, user_who_performed_action: by };
    if (kind === "policy") return events.emit("policy.cleared", facts);
    tellAsParameter(events, "parameter.cleared", { vhost, component: kind, name }, by);
    events.emit("operator.policy.cleared", facts);
  }

  #put(kind: PolicyKind, policy: Policy): void {
    const definition = plainJsonToTable(policy.definition) as FieldTable;
    const known = { policy, applied: { name: policy.name, definition } };
    const others = (this.#known[kind].get(policy.vhost) ?? []).filter(
      (other) => other.policy.name !== policy.name,
    );
    const sorted = [...others, known].sort(
      (a, b) => b.policy.priority - a.policy.priority || (a.policy.name < b.policy.name ? -1 : 1),
    );
    this.#known[kind].set(policy.vhost, sorted);
  }

  /** Answers false when there is none of that name. */
  delete(kind: PolicyKind, vhost: string, name: string, by: string): boolean {
    const all = this.#known[kind].get(vhost) ?? [];
    const left = all.filter(({ policy }) => policy.name !== name);
    if (left.length === all.length) return false;
    this.#known[kind].set(vhost, left);
    this.#context.record("policy.delete", { kind, vhost, name });
    this.#tellCleared(kind, vhost, name, by);
    this.#context.applyPolicies(vhost);
    return true;
  }

  forgetVhost(vhost: string): void {
    this.#known.policy.delete(vhost);
    this.#known.operator_policy.delete(vhost);
  }

  /** The policies that apply to a queue. */
  forQueue(vhost: string, name: string, type: QueueType): AppliedPolicies {
    const target = targetOfType[type.name] as PolicyTarget;
    const applies = ({ policy }: KnownPolicy) =>
      (policy.applyTo === "all" || policy.applyTo === "queues" || policy.applyTo === target) &&
      suitsType(policy.definition, type) &&
      this.#matcher.matches(policy.pattern, name);
    return this.#first(vhost, applies);
  }

  forExchange(vhost: string, name: string): AppliedPolicies {
    const applies = ({ policy }: KnownPolicy) =>
      (policy.applyTo === "all" || policy.applyTo === "exchanges") &&
      this.#matcher.matches(policy.pattern, name);
    return this.#first(vhost, applies);
  }

  #first(vhost: string, applies: (known: KnownPolicy) => boolean): AppliedPolicies {
    return {
      policy: this.#known.policy.get(vhost)?.find(applies)?.applied,
      operatorPolicy: this.#known.operator_policy.get(vhost)?.find(applies)?.applied,
    };
  }
}

/** A policy with a key that a queue's type does not take does not apply to it at all, as in RabbitMQ. */
function suitsType(definition: PlainValues, type: QueueType): boolean {
  return Object.keys(definition).every((key) => {
    const setting = queueSettingsByPolicyKey.get(key);
    return setting === undefined || setting.queueTypes.includes(type.name);
  });
}

/** A policy as RabbitMQ's API and definition files write it, each field still to be checked. */
export interface PolicyInput {
  readonly pattern?: PlainJson;
  readonly "apply-to"?: PlainJson;
  readonly definition?: PlainJson;
  readonly priority?: PlainJson;
}

/** Checks a policy from outside. Throws precondition-failed with RabbitMQ's text. */
export function parsePolicy(
  kind: PolicyKind,
  vhost: string,
  name: string,
  input: PolicyInput,
  matcher: PatternMatcher,
): Policy {
  const { pattern, definition } = input;
  const missing = [
    ...(pattern === undefined ? ["{key_missing,pattern}"] : []),
    ...(definition === undefined ? ["{key_missing,definition}"] : []),
  ];
  if (missing.length > 0) throw new BrokerError("precondition-failed", `[${missing.join(",")}]`);
  if (typeof pattern !== "string") {
    throw invalid(`pattern should be a binary string, actually was ${jsonTerm(pattern)}`);
  }
  try {
    matcher.check(pattern);
  } catch (error) {
    throw invalid((error as Error).message);
  }
  const applyTo = input["apply-to"] ?? "all";
  if (!policyTargets.includes(applyTo as PolicyTarget)) {
    throw invalid(
      `apply-to '${String(applyTo)}' unrecognised; should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'`,
    );
  }
  const priority = input.priority ?? 0;
  if (typeof priority !== "number" || !Number.isInteger(priority)) {
    throw invalid(`priority should be a number, actually was ${jsonTerm(priority)}`);
  }
  return {
    vhost,
    name,
    pattern,
    applyTo: applyTo as PolicyTarget,
    definition: parseDefinition(kind, definition),
    priority,
  };
}

function parseDefinition(kind: PolicyKind, json: PlainJson): PlainValues {
  if (json === null || json === undefined || typeof json !== "object" || Array.isArray(json)) {
    throw invalid(`definition must be a dictionary: ${jsonTerm(json)}`);
  }
  const definition = json as PlainValues;
  const entries = Object.entries(definition);
  if (entries.length === 0) throw invalid("no policy provided");
  const all = plainJsonToTable(definition) as FieldTable;
  const unknown: string[] = [];
  for (const [key, value] of entries) {
    const setting = queueSettingsByPolicyKey.get(key) ?? exchangeSettingsByPolicyKey.get(key);
    const known = setting !== undefined && (kind === "policy" || setting.operatorKey);
    if (!known) {
      if (kind === "policy" && inertPolicyKeys.has(key)) continue;
      unknown.push(`{${jsonTerm(key)},${jsonTerm(value)}}`);
    } else if (setting.check(plainJsonToValue(value), withDeadLetterExchange(all)) !== undefined) {
      throw invalid(`${jsonTerm(value)} is not a valid ${setting.what}`);
    }
  }
  if (unknown.length > 0) {
    throw invalid(`[${unknown.join(",")}] are not recognised policy settings`);
  }
  return definition;
}

/** A policy may give the routing key alone: the exchange may come from an argument. */
function withDeadLetterExchange(all: FieldTable): FieldTable {
  return new Map([...all, ["x-dead-letter-exchange", { type: "V" }]]);
}

function invalid(text: string): BrokerError {
  return new BrokerError("precondition-failed", `Validation failed\n\n${text}\n`);
}
