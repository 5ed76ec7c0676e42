// What an LDAP query comes to for one question. Whatever cannot be answered is a no.

import type { LdapQuery, LdapText } from "../config/ldap-query.ts";
import { type Directory, escapeDn } from "./ldap-directory.ts";

/** `username`, `user_dn`, `vhost`, `resource`, `name`, `permission`, `routing_key`, `ad_domain`, `ad_user`. */
export type LdapVariables = ReadonlyMap<string, string>;

export interface LdapQuestion {
  readonly directory: Directory;
  readonly variables: LdapVariables;
  /** Where groups of groups are looked for; undefined = nowhere. */
  readonly groupBase: string | undefined;
  /** Whether a pattern is found in a text; must not hang on hostile patterns. */
  readonly matches: (pattern: string, text: string) => boolean;
}

/** Groups looked at on the way up from a user. */
const GROUPS_MAX = 1_000;

type Evaluate<Kind extends LdapQuery["kind"]> = (
  query: Extract<LdapQuery, { readonly kind: Kind }>,
  question: LdapQuestion,
) => boolean | Promise<boolean>;

const EVALUATIONS: { readonly [Kind in LdapQuery["kind"]]: Evaluate<Kind> } = {
  constant: ({ value }) => value,
  exists: ({ dn }, question) => question.directory.exists(filledDn(dn, question)),
  in_group: ({ dn, attribute }, question) =>
    question.directory.has(filledDn(dn, question), attribute, userDn(question)),
  in_group_nested: inGroupNested,
  for: ({ cases }, question) => {
    const found = cases.find(({ variable, value }) => question.variables.get(variable) === value);
    return found === undefined ? false : evaluate(found.query, question);
  },
  not: async ({ query }, question) => !(await evaluate(query, question)),
  and: async ({ queries }, question) => {
    for (const query of queries) if (!(await evaluate(query, question))) return false;
    return true;
  },
  or: async ({ queries }, question) => {
    for (const query of queries) if (await evaluate(query, question)) return true;
    return false;
  },
  equals: async ({ left, right }, question) => {
    const values = await texts(right, question);
    return (await texts(left, question)).some((value) => values.includes(value));
  },
  match: async ({ left, right }, question) => {
    const patterns = await texts(right, question, escapeForPattern);
    const values = await texts(left, question);
    return values.some((value) => patterns.some((pattern) => question.matches(pattern, value)));
  },
};

export async function evaluate(query: LdapQuery, question: LdapQuestion): Promise<boolean> {
  const evaluation = EVALUATIONS[query.kind] as Evaluate<LdapQuery["kind"]>;
  return evaluation(query, question);
}

function userDn({ variables }: LdapQuestion): string {
  return variables.get("user_dn") ?? "";
}

/** From the user up through the groups of its groups. */
async function inGroupNested(
  query: Extract<LdapQuery, { readonly kind: "in_group_nested" }>,
  question: LdapQuestion,
): Promise<boolean> {
  const { attribute, scope } = query;
  const { directory, groupBase } = question;
  if (groupBase === undefined) return false;
  const target = normalized(filledDn(query.dn, question));
  const seen = new Set<string>();
  const waiting = [userDn(question)];
  for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
    for (const group of await directory.groupsOf(member, { base: groupBase, attribute, scope })) {
      const name = normalized(group);
      if (name === target) return true;
      if (seen.has(name) || seen.size >= GROUPS_MAX) continue;
      seen.add(name);
      waiting.push(group);
    }
  }
  return false;
}

function normalized(dn: string): string {
  return dn.toLowerCase().replace(/\s*([,=])\s*/g, "$1");
}

async function texts(
  query: LdapText,
  question: LdapQuestion,
  escapeValue: (value: string) => string = (value) => value,
): Promise<readonly string[]> {
  if (query.kind === "string") return [filled(query.pattern, question, escapeValue)];
  return question.directory.values(filledDn(query.dn, question), query.attribute);
}

/** What a name stands for inside a pattern is that name, whatever it consists of. */
function escapeForPattern(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function filledDn(pattern: string, question: LdapQuestion): string {
  return filled(pattern, question, escapeDn);
}

/** A variable there is no value for stays as it is written. The user's own name in the directory is one already. */
function filled(
  pattern: string,
  { variables }: LdapQuestion,
  escapeValue: (value: string) => string,
): string {
  return pattern.replace(/\$\{(\w+)\}/g, (written, name: string) => {
    const value = variables.get(name);
    if (value === undefined) return written;
    return name === "user_dn" && escapeValue === escapeDn ? value : escapeValue(value);
  });
}
