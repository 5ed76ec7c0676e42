// What a form consists of: fields as data, shown by <ActionForm>.

import type { ArgumentRow, ArgumentShortcut } from "./arguments.ts";

export interface Option {
  readonly value: string;
  readonly label: string;
}

export type FieldValue = string | number | boolean | readonly ArgumentRow[] | File | null;
export type FormValues = Record<string, FieldValue>;

interface FieldBase {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
  readonly required?: boolean;
  /** Shown only while this holds; a hidden field keeps its value. */
  readonly when?: (values: FormValues) => boolean;
}

export interface TextField extends FieldBase {
  readonly kind: "text" | "password" | "textarea";
  readonly initial?: string;
  readonly placeholder?: string;
  /** Offered while typing. */
  readonly suggestions?: readonly string[];
  readonly check?: (text: string, values: FormValues) => string | undefined;
}

export interface NumberField extends FieldBase {
  readonly kind: "number";
  readonly initial?: string;
}

export interface SelectField extends FieldBase {
  readonly kind: "select";
  readonly initial?: string;
  readonly options: readonly Option[];
}

export interface SwitchField extends FieldBase {
  readonly kind: "switch";
  readonly initial?: boolean;
}

export interface ArgumentsField extends FieldBase {
  readonly kind: "arguments";
  readonly initial?: readonly ArgumentRow[];
  readonly shortcuts?: (values: FormValues) => readonly ArgumentShortcut[];
  /** Headers and arguments have types; message properties are always text. */
  readonly typed?: boolean;
}

export interface FileField extends FieldBase {
  readonly kind: "file";
  readonly accept?: string;
}

export type Field =
  | TextField
  | NumberField
  | SelectField
  | SwitchField
  | ArgumentsField
  | FileField;

/** The values of a form nobody has touched. */
export function initialValues(fields: readonly Field[]): FormValues {
  return Object.fromEntries(fields.map((field) => [field.name, initialValue(field)]));
}

function initialValue(field: Field): FieldValue {
  switch (field.kind) {
    case "switch":
      return field.initial ?? false;
    case "arguments":
      return field.initial ?? [];
    case "file":
      return null;
    case "select":
      return field.initial ?? field.options[0]?.value ?? "";
    default:
      return field.initial ?? "";
  }
}
