// The questions RabbitMQ's LDAP backend can be told to ask a directory, read from the Erlang terms they are written
// as. What is not understood is refused: a question that cannot be asked must not be answered with yes.

import { ValueError } from "./config-error.ts";
import { ErlangSyntaxError, type ErlangTerm, parseErlangTerm } from "./erlang-terms.ts";
import type { ValueType } from "./value-types.ts";

/** A text with variables, or the values of an attribute of an entry. */
export type LdapText =
  | { readonly kind: "string"; readonly pattern: string }
  | { readonly kind: "attribute"; readonly dn: string; readonly attribute: string };

export type LdapQuery =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "exists"; readonly dn: string }
  | { readonly kind: "in_group"; readonly dn: string; readonly attribute: string }
  | {
      readonly kind: "in_group_nested";
      readonly dn: string;
      readonly attribute: string;
      readonly scope: "sub" | "one";
    }
  | { readonly kind: "for"; readonly cases: readonly LdapCase[] }
  | { readonly kind: "not"; readonly query: LdapQuery }
  | { readonly kind: "and"; readonly queries: readonly LdapQuery[] }
  | { readonly kind: "or"; readonly queries: readonly LdapQuery[] }
  | { readonly kind: "equals"; readonly left: LdapText; readonly right: LdapText }
  | { readonly kind: "match"; readonly left: LdapText; readonly right: LdapText };

export interface LdapCase {
  readonly variable: string;
  readonly value: string;
  readonly query: LdapQuery;
}

/** A query as it was written, and what it means. */
export interface WrittenLdapQuery {
  readonly source: string;
  readonly query: LdapQuery;
}

export const ldapQuery: ValueType<WrittenLdapQuery> = {
  name: "LDAP query",
  parse(source) {
    try {
      return { source, query: queryOf(parseErlangTerm(source)) };
    } catch (error) {
      if (!(error instanceof ErlangSyntaxError)) throw error;
      throw new ValueError(`is not an LDAP query: ${error.message}`);
    }
  },
  show: ({ source }) => source,
};

const MEMBER = "member";

type Arguments = readonly ErlangTerm[];

/** One entry per kind of query: how its arguments are read. */
const QUERIES: Readonly<Record<string, (args: Arguments) => LdapQuery>> = {
  constant: (args) => ({ kind: "constant", value: truth(args[0]) }),
  exists: (args) => ({ kind: "exists", dn: text(args[0]) }),
  in_group: (args) => ({
    kind: "in_group",
    dn: text(args[0]),
    attribute: args[1] === undefined ? MEMBER : text(args[1]),
  }),
  in_group_nested: (args) => ({
    kind: "in_group_nested",
    dn: text(args[0]),
    attribute: args[1] === undefined ? MEMBER : text(args[1]),
    scope: args[2] === undefined ? "sub" : scope(args[2]),
  }),
  for: (args) => ({ kind: "for", cases: list(args[0]).map(caseOf) }),
  not: (args) => ({ kind: "not", query: queryOf(args[0]) }),
  and: (args) => ({ kind: "and", queries: list(args[0]).map(queryOf) }),
  or: (args) => ({ kind: "or", queries: list(args[0]).map(queryOf) }),
  equals: (args) => ({ kind: "equals", left: textQuery(args[0]), right: textQuery(args[1]) }),
  match: (args) => ({ kind: "match", left: textQuery(args[0]), right: textQuery(args[1]) }),
};

const ARGUMENTS: Readonly<Record<string, readonly [number, number]>> = {
  in_group: [1, 2],
  in_group_nested: [1, 3],
  equals: [2, 2],
  match: [2, 2],
};

function queryOf(term: ErlangTerm | undefined): LdapQuery {
  const [name, ...args] = term?.kind === "tuple" ? term.items : [];
  const kind = name?.kind === "atom" ? name.value : "";
  const read = Object.hasOwn(QUERIES, kind) ? QUERIES[kind] : undefined;
  if (read === undefined) {
    const known = Object.keys(QUERIES).join(", ");
    throw new ErlangSyntaxError(
      kind === ""
        ? `a query is a tuple of a name (${known}) and more`
        : `there is no query ${kind}`,
    );
  }
  const [least, most] = ARGUMENTS[kind] ?? [1, 1];
  if (args.length < least || args.length > most) {
    throw new ErlangSyntaxError(`${kind} has ${args.length} arguments`);
  }
  return read(args);
}

function caseOf(term: ErlangTerm): LdapCase {
  const [variable, value, query, more] = term.kind === "tuple" ? term.items : [];
  if (variable?.kind !== "atom" || value === undefined || more !== undefined) {
    throw new ErlangSyntaxError("for takes a list of {variable, value, query}");
  }
  return { variable: variable.value, value: text(value, true), query: queryOf(query) };
}

function textQuery(term: ErlangTerm | undefined): LdapText {
  if (term?.kind === "text") return { kind: "string", pattern: term.value };
  const [name, first, second] = term?.kind === "tuple" ? term.items : [];
  if (name?.kind === "atom" && name.value === "string") {
    return { kind: "string", pattern: text(first) };
  }
  if (name?.kind === "atom" && name.value === "attribute") {
    return { kind: "attribute", dn: text(first), attribute: text(second) };
  }
  throw new ErlangSyntaxError('a text is "text", {string, "text"} or {attribute, "dn", "name"}');
}

function text(term: ErlangTerm | undefined, orAtom = false): string {
  if (term?.kind === "text" || (orAtom && term?.kind === "atom")) return term.value;
  throw new ErlangSyntaxError("a text is missing");
}

function truth(term: ErlangTerm | undefined): boolean {
  if (term?.kind === "atom" && term.value === "true") return true;
  if (term?.kind === "atom" && term.value === "false") return false;
  throw new ErlangSyntaxError("constant is true or false");
}

function scope(term: ErlangTerm): "sub" | "one" {
  if (term.kind === "atom" && term.value === "subtree") return "sub";
  if (term.kind === "atom" && term.value === "single_level") return "one";
  throw new ErlangSyntaxError("the scope is subtree or single_level");
}

function list(term: ErlangTerm | undefined): readonly ErlangTerm[] {
  if (term?.kind === "list") return term.items;
  throw new ErlangSyntaxError("a list is missing");
}
