// What all handlers of the API share.

import type { User } from "../broker/access/user.ts";
import type { Broker } from "../broker/broker.ts";
import type { MessagePort } from "../broker/message/message-port.ts";
import type { Timeline } from "../broker/observing/timeline.ts";
import type { Vhost } from "../broker/vhost.ts";
import type { Endpoint } from "../env/env.ts";
import type { ApiObject } from "./api-json.ts";
import type { NodeControl } from "./control.ts";
import type { PatternCompiler } from "./listing.ts";
import type { NodeFacts } from "./node-facts.ts";
import type { RecentEvents } from "./resources/control.ts";
import type { Sampler } from "./sampling/sampler.ts";
import type { Traces } from "./tracing/traces.ts";

/** Somebody's credentials as they came. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** Finds out who somebody is. Rejects with BrokerError access-refused when the credentials are wrong. */
export type Authenticate = (credentials: Credentials, peer: Endpoint) => Promise<User>;

export interface ManagementOptions {
  /** RabbitMQ's management.disable_stats. */
  readonly withStatistics: boolean;
  /** RabbitMQ's management.enable_queue_totals. */
  readonly withQueueTotals: boolean;
  /** Largest request body in bytes. */
  readonly bodyMaxBytes: number;
  readonly ratesMode: "basic" | "detailed" | "none";
  /** Put in front of every path; "" or "/something". */
  readonly pathPrefix: string;
  /** Web origins that may call the API from a browser. */
  readonly corsOrigins: readonly string[];
  /** Failed logins of one user from one address per minute before answers are delayed. */
  readonly loginFailuresPerMinute: number;
  readonly contentSecurityPolicy: string | undefined;
  readonly strictTransportSecurity: string | undefined;
  readonly frameOptions: string;
  /** Directory of the built web pages; undefined = none. */
  readonly uiDirectory: string | undefined;
  /** Directory of what is served under /cli/; undefined = none. */
  readonly downloadsDirectory: string | undefined;
  readonly operatorPolicyReadOnly: boolean;
  /** How long a browser may remember what other origins may do; undefined = not. */
  readonly corsMaxAgeSeconds: number | undefined;
  /** Only tokens let anybody in. */
  readonly disableBasicAuth: boolean;
  /** The web pages ask for the password again after so many idle minutes. */
  readonly sessionTimeoutMinutes: number;
  readonly nodeTags: ApiObject;
  readonly clusterTags: ApiObject;
}

/** Everything a handler may use. */
export interface Management {
  readonly broker: Broker;
  readonly sampler: Sampler;
  readonly messages: MessagePort;
  readonly node: NodeFacts;
  readonly options: ManagementOptions;
  readonly control: NodeControl;
  readonly recentEvents: RecentEvents;
  readonly traces: Traces;
  /** Where what happens to messages is remembered; gone with their vhosts. */
  readonly timelines: WeakMap<Vhost, Timeline>;
  readonly authenticate: Authenticate;
  readonly compilePattern: PatternCompiler;
  /** Who acts over the socket in the data directory. */
  readonly trustedUser: User;
  /** Throws badRequest for a password the configuration does not accept. */
  checkPassword(user: string, password: string): void;
  /** A user as logged in without a password, to look at permissions. */
  findUser(name: string): User | undefined;
  renameCluster(name: string, actingUser: string): void;
  /** Names of enabled plugins, as RabbitMQ calls what is built in here. */
  plugins(): readonly string[];
  /** SASL mechanisms offered, each with its description. */
  mechanisms(): readonly (readonly [string, string])[];
  /** Type of queues declared without one, in vhosts that name none. */
  defaultQueueType(): string;
  /** Resolves when everything that has happened so far is on disk. */
  whenDurable(): Promise<void>;
  /** The OpenAPI text which the build wrote; undefined where nothing was built. */
  apiDescription(): Promise<string | undefined>;
  /** Something was thrown that is not the client's fault. */
  onBug(error: unknown): void;
}
