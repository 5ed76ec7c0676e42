// The shapes of the API's answers beyond RabbitMQ's: browsing, dead letters, settings, explain, topology.

import type { Arguments } from "./types.ts";

/** A message looked at where it lies. */
export interface BrowsedMessage {
  /** Names the message in move, copy and replay. */
  readonly position: string | number;
  readonly payload: string;
  readonly payload_encoding: "string" | "base64";
  readonly payload_bytes: number;
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered: boolean;
  readonly properties: Arguments | readonly never[];
  readonly state?: "ready" | "unacknowledged";
  readonly died?: Death;
}

export interface Death {
  readonly reason: string;
  readonly queue: string;
  readonly exchange: string;
  readonly count: number;
}

export interface BrowsePage {
  readonly items: readonly BrowsedMessage[];
  /** Offset of the next page; absent or null at the end. */
  readonly next?: number | string | null;
}

/** A message that a consumer holds. */
export interface UnackedMessage extends BrowsedMessage {
  readonly consumer_tag?: string;
  readonly channel_details?: { readonly name: string };
  readonly delivered_at?: number;
  readonly delivery_tag?: number;
  readonly unacked_for_ms?: number;
}

export interface DeadLetterGroup {
  readonly reason: string;
  readonly queue: string;
  readonly exchange?: string;
  readonly count: number;
}

export interface QueueSetting {
  readonly key: string;
  readonly argument?: string | null;
  readonly policy_key?: string | null;
  readonly value: unknown;
  readonly origin: string;
  /** Name of the policy it comes from. */
  readonly from?: string | null;
  readonly description?: string;
}

export interface QueueSettings {
  readonly policy: string | null;
  readonly operator_policy: string | null;
  readonly items: readonly QueueSetting[];
}

/** Why a message goes where it goes: an exchange and its bindings, nested along the way. */
export interface ExplainedExchange {
  readonly exchange: string;
  readonly type?: string;
  readonly bindings: readonly ExplainedBinding[];
  readonly alternate?: ExplainedExchange | null;
  readonly repeated?: boolean;
  readonly missing?: boolean;
}

export interface ExplainedBinding {
  readonly destination: string;
  readonly destination_type: "queue" | "exchange";
  readonly routing_key: string;
  readonly matched: boolean;
  readonly why: string;
  readonly next?: ExplainedExchange;
}

export interface Explanation extends ExplainedExchange {
  readonly permissions: {
    readonly user?: string;
    readonly write?: boolean;
    readonly topic?: boolean;
    readonly internal?: boolean;
    readonly publish?: boolean;
  };
  readonly queues: readonly string[];
  readonly verdict?: string;
}

export interface TopologyNode {
  readonly id: string;
  readonly kind: "exchange" | "queue" | "connection" | "consumer";
  readonly name: string;
  readonly type?: string;
  readonly state?: string;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly consumers?: number;
  readonly rate_in?: number;
  readonly rate_out?: number;
}

export interface TopologyEdge {
  readonly source: string;
  readonly target: string;
  readonly kind: "binding" | "dead-letter" | "alternate" | "consumer";
  readonly routing_key?: string | null;
  readonly rate?: number;
  readonly tag?: string;
}

export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  readonly truncated?: boolean;
}

/** A message that waits until it is due. */
export interface WaitingMessage {
  readonly due_at: string;
  readonly payload_bytes: number;
  readonly exchange: string;
  readonly routing_key: string;
  readonly properties: Arguments | readonly never[];
}

/** One that waits at an exchange; its payload is not told. */
export interface DelayedMessage extends WaitingMessage {
  readonly id: string;
}

/** One that waits in a queue for its next delivery. */
export interface RetriedMessage extends WaitingMessage {
  readonly position: number;
  readonly delivery_count?: number;
}

export interface RetriedMessages {
  /** All that wait, also those beyond `items`. */
  readonly count: number;
  readonly items: readonly RetriedMessage[];
}

export interface DelayedMessages {
  /** All that wait, also those beyond `items`. */
  readonly count: number;
  readonly bytes: number;
  readonly items: readonly DelayedMessage[];
}

/** Where a reader of a stream is. */
export interface StreamReader {
  readonly consumer_tag: string;
  readonly name: string | null;
  readonly active: boolean;
  readonly offset: number;
  readonly offset_lag: number;
}

export interface StreamTracking {
  readonly offsets: Readonly<Record<string, number>>;
  readonly writers: Readonly<Record<string, number>>;
}

/** What a change of arguments changed; null is "not set". */
export interface ArgumentChanges {
  readonly changed: readonly {
    readonly argument: string;
    readonly before: unknown;
    readonly after: unknown;
  }[];
  readonly arguments: Arguments;
}
