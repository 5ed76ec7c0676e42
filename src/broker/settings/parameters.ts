// Runtime parameters of vhosts (by component and name) and global parameters. What has an owner of its own (policies,
// vhost limits) is kept there; the rest is kept here so that definitions move both ways.

import { BrokerError } from "../errors.ts";
import type { BrokerEvents, EventFacts, EventValue } from "../events.ts";
import type { DefinitionKind } from "../journal/definition-kinds.ts";
import type { JsonObject } from "../journal/journaling.ts";
import { type PlainJson, toLogJson } from "../message/field-table-json.ts";

export interface Parameter {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: PlainJson;
}

export interface GlobalParameter {
  readonly name: string;
  readonly value: PlainJson;
}

/** Components whose parameters are accepted. RabbitMQ refuses those of plugins it does not have. */
const components: ReadonlySet<string> = new Set([
  "shovel",
  "federation-upstream",
  "federation-upstream-set",
]);

export interface ParameterContext {
  readonly events: BrokerEvents;
  record(kind: DefinitionKind, object: JsonObject): void;
}

export class Parameters {
  readonly #context: ParameterContext;
  /** By "vhost\0component\0name". */
  readonly #parameters = new Map<string, Parameter>();
  readonly #global = new Map<string, PlainJson>();

  constructor(context: ParameterContext) {
    this.#context = context;
  }

  list(component?: string, vhost?: string): Parameter[] {
    return [...this.#parameters.values()].filter(
      (parameter) =>
        (component === undefined || parameter.component === component) &&
        (vhost === undefined || parameter.vhost === vhost),
    );
  }

  get(vhost: string, component: string, name: string): Parameter | undefined {
    return this.#parameters.get(keyOf(vhost, component, name));
  }

  /** Throws precondition-failed for a component nobody knows. */
  check(component: string): void {
    if (components.has(component)) return;
    throw new BrokerError(
      "precondition-failed",
      `Validation failed\n\ncomponent ${component} not found\n`,
    );
  }

  set(parameter: Parameter, by: string): void {
    const { vhost, component, name, value } = parameter;
    this.check(component);
    this.#parameters.set(keyOf(vhost, component, name), { vhost, component, name, value });
    this.#context.record("parameter", { vhost, component, name, value: toLogJson(value) });
    this.#tell("parameter.set", by, { vhost, component, name, value: value as EventValue });
  }

  delete(vhost: string, component: string, name: string, by: string): boolean {
    if (!this.#parameters.delete(keyOf(vhost, component, name))) return false;
    this.#context.record("parameter.delete", { vhost, component, name });
    this.#tell("parameter.cleared", by, { vhost, component, name });
    return true;
  }

  forgetVhost(vhost: string): void {
    for (const parameter of this.list(undefined, vhost)) {
      this.#parameters.delete(keyOf(vhost, parameter.component, parameter.name));
    }
  }

  listGlobal(): GlobalParameter[] {
    return [...this.#global].map(([name, value]) => ({ name, value }));
  }

  getGlobal(name: string): PlainJson {
    return this.#global.get(name);
  }

  setGlobal(name: string, value: PlainJson, by: string): void {
    this.#global.set(name, value);
    this.#context.record("global-parameter", { name, value: toLogJson(value) });
    this.#tell("parameter.set", by, { component: GLOBAL, name, value: value as EventValue });
  }

  deleteGlobal(name: string, by: string): boolean {
    if (!this.#global.delete(name)) return false;
    this.#context.record("global-parameter.delete", { name });
    // As RabbitMQ tells it: set, to nothing.
    this.#tell("parameter.set", by, { component: GLOBAL, name });
    return true;
  }

  #tell(event: ParameterEvent, by: string, facts: EventFacts): void {
    this.#context.events.emit(event, { ...facts, user_who_performed_action: by });
  }
}

type ParameterEvent = "parameter.set" | "parameter.cleared";

/** Tells of what is no parameter here and is one in RabbitMQ: limits of vhosts, operator policies. */
export function tellAsParameter(
  events: BrokerEvents,
  event: ParameterEvent,
  facts: Omit<Parameter, "value"> & { readonly value?: EventFacts },
  by: string,
): void {
  events.emit(event, { ...facts, user_who_performed_action: by });
}

/** What events call the component of global parameters. */
const GLOBAL = "global";

function keyOf(vhost: string, component: string, name: string): string {
  return `${vhost}\0${component}\0${name}`;
}
