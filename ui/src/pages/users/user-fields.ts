// The fields of a user, and the request they become.

import type { User } from "../../api/types.ts";
import type { Field, FormValues } from "../../form/fields.ts";
import { users as texts } from "../../texts/admin.ts";

type PasswordKind = keyof typeof texts.kinds;

const wantsPassword = (values: FormValues): boolean => values.kind === "password";

/** Password and tags; an existing user may keep its password. */
export function userFields(existing?: User): Field[] {
  const kinds: PasswordKind[] = existing ? ["keep", "password", "none"] : ["password", "none"];
  return [
    {
      kind: "select",
      name: "kind",
      label: texts.passwordKind,
      options: kinds.map((kind) => ({ value: kind, label: texts.kinds[kind] })),
    },
    {
      kind: "password",
      name: "password",
      label: texts.password,
      required: true,
      when: wantsPassword,
    },
    {
      kind: "password",
      name: "again",
      label: texts.again,
      required: true,
      when: wantsPassword,
      check: (text, values) => (text === values.password ? undefined : texts.different),
    },
    {
      kind: "text",
      name: "tags",
      label: texts.tags,
      help: texts.tagsHelp,
      initial: existing ? tagsOf(existing).join(",") : "",
      suggestions: texts.tagChoices,
    },
  ];
}

/** The body of PUT /users/:name. */
export function userBody(values: FormValues, existing?: User): unknown {
  const tags = String(values.tags)
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "")
    .join(",");
  if (values.kind === "password") return { password: values.password, tags };
  if (values.kind === "none") return { password_hash: "", tags };
  const hash = { password_hash: existing?.password_hash ?? "" };
  return existing?.hashing_algorithm === undefined
    ? { ...hash, tags }
    : { ...hash, hashing_algorithm: existing.hashing_algorithm, tags };
}

/** RabbitMQ before 3.9 gives tags as one text. */
export function tagsOf(user: User): readonly string[] {
  return typeof user.tags === "string" ? user.tags.split(",").filter(Boolean) : user.tags;
}
