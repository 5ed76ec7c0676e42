// headers: a binding's arguments are compared with the message's headers, all of them or any. Types count: the
// integer 53 is not the text "53", but integers of any width are alike. A void argument asks for presence alone.

import { BrokerError } from "../errors.ts";
import type { FieldTable, FieldValue } from "../message/field-table.ts";
import { comparableText, fieldTypeName } from "../message/field-values.ts";
import type {
  Binding,
  Destination,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

const MATCH_ARGUMENT = "x-match";
/** The comparable text of "is there, whatever its value". */
const PRESENT = "V";

interface MatchMode {
  readonly all: boolean;
  /** Arguments whose name starts with "x-" count too. */
  readonly withX: boolean;
}

const matchModes: Readonly<Record<string, MatchMode>> = {
  all: { all: true, withX: false },
  any: { all: false, withX: false },
  "all-with-x": { all: true, withX: true },
  "any-with-x": { all: false, withX: true },
};

/** What one binding asks for. */
interface Criteria {
  readonly binding: Binding;
  readonly destination: Destination;
  readonly all: boolean;
  /** Header name to the comparable text of its value, or PRESENT. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Bindings to look at when a header is there: with a certain value, or with any. */
type ByValue = Map<string, Set<Criteria>>;

/**
 * Bindings lie under a header they ask for (all: the first; any: each), so that a message costs its own headers and
 * the bindings these lead to, not all bindings of the exchange.
 */
class HeadersRouter implements ExchangeRouter {
  readonly #byHeader = new Map<string, ByValue>();
  /** They ask for nothing and match everything. */
  readonly #unconditional = new Set<Criteria>();
  readonly #known = new Map<Binding, Criteria>();

  bind(binding: Binding): void {
    const criteria = criteriaOf(binding);
    this.#known.set(binding, criteria);
    if (criteria.fields.size === 0) {
      if (criteria.all) this.#unconditional.add(criteria);
      return;
    }
    for (const [name, text] of indexed(criteria)) this.#slot(name, text).add(criteria);
  }

  unbind(binding: Binding): void {
    const criteria = this.#known.get(binding);
    if (criteria === undefined) return;
    this.#known.delete(binding);
    this.#unconditional.delete(criteria);
    for (const [name, text] of indexed(criteria)) this.#leaveSlot(name, text, criteria);
  }

  route(message: RoutedMessage, into: TargetSet): void {
    for (const criteria of this.#unconditional) into.add(criteria.destination);
    if (this.#byHeader.size === 0) return;
    const headers = message.headers;
    for (const [name, value] of headers) {
      const byValue = this.#byHeader.get(name);
      if (byValue === undefined) continue;
      const text = comparableText(value);
      addMatches(byValue.get(text), headers, into);
      if (text !== PRESENT) addMatches(byValue.get(PRESENT), headers, into);
    }
  }

  #slot(name: string, text: string): Set<Criteria> {
    let byValue = this.#byHeader.get(name);
    if (byValue === undefined) {
      byValue = new Map();
      this.#byHeader.set(name, byValue);
    }
    let slot = byValue.get(text);
    if (slot === undefined) {
      slot = new Set();
      byValue.set(text, slot);
    }
    return slot;
  }

  #leaveSlot(name: string, text: string, criteria: Criteria): void {
    const byValue = this.#byHeader.get(name);
    const slot = byValue?.get(text);
    slot?.delete(criteria);
    if (slot?.size === 0) byValue?.delete(text);
    if (byValue?.size === 0) this.#byHeader.delete(name);
  }
}

/** The fields a binding is found by. */
function indexed(criteria: Criteria): Iterable<[string, string]> {
  const fields = [...criteria.fields];
  return criteria.all ? fields.slice(0, 1) : fields;
}

function addMatches(
  candidates: Iterable<Criteria> | undefined,
  headers: FieldTable,
  into: TargetSet,
): void {
  for (const criteria of candidates ?? []) {
    if (!criteria.all || matchesAll(criteria, headers)) into.add(criteria.destination);
  }
}

function matchesAll(criteria: Criteria, headers: FieldTable): boolean {
  for (const [name, text] of criteria.fields) {
    const value = headers.get(name);
    if (value === undefined) return false;
    if (text !== PRESENT && comparableText(value) !== text) return false;
  }
  return true;
}

function criteriaOf(binding: Binding): Criteria {
  const mode = matchMode(binding.arguments.get(MATCH_ARGUMENT));
  const fields = new Map<string, string>();
  for (const [name, value] of binding.arguments) {
    if (name === MATCH_ARGUMENT) continue;
    if (name.startsWith("x-") && !mode.withX) continue;
    fields.set(name, comparableText(value));
  }
  return { binding, destination: binding.destination, all: mode.all, fields };
}

function matchMode(value: FieldValue | undefined): MatchMode {
  if (value === undefined) return matchModes.all as MatchMode;
  if (value.type !== "S") {
    const shown = comparableText(value);
    throw new BrokerError(
      "precondition-failed",
      `Invalid x-match field type ${fieldTypeName(value)} (value ${shown.slice(1)}); expected longstr`,
    );
  }
  const text = new TextDecoder().decode(value.value);
  const mode = Object.hasOwn(matchModes, text) ? matchModes[text] : undefined;
  if (mode !== undefined) return mode;
  throw new BrokerError(
    "precondition-failed",
    `Invalid x-match field value <<"${text}">>; expected all, any, all-with-x, or any-with-x`,
  );
}

export const headersType: ExchangeType = {
  name: "headers",
  description: "AMQP headers exchange, as per the AMQP specification",
  routesByContent: true,
  routesByKey: false,
  hasTopicPermissions: false,
  checkBinding: (binding) => void matchMode(binding.arguments.get(MATCH_ARGUMENT)),
  createRouter: () => new HeadersRouter(),
};
