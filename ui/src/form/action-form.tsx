// The one form: shows fields, checks them, and sends the values.

import { Button, NativeSelect, PasswordInput, Switch, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { type ReactNode, useId, useState } from "react";
import { forms } from "../texts/words.ts";
import { ArgumentRows } from "./argument-rows.tsx";
import { type ArgumentRow, toArguments } from "./arguments.ts";
import { type Field, type FieldValue, type FormValues, initialValues } from "./fields.ts";

export interface ActionFormProps {
  readonly fields: readonly Field[];
  readonly submitLabel: string;
  /** Sends the values; true when it worked. */
  readonly onSubmit: (values: FormValues) => Promise<boolean>;
  /** Clears the form after success. */
  readonly resets?: boolean;
  readonly destructive?: boolean;
  /** Fields side by side, for searching. */
  readonly inline?: boolean;
  /** Beside the button that sends. */
  readonly beside?: ReactNode;
}

export function ActionForm(props: ActionFormProps) {
  const { fields, submitLabel, onSubmit } = props;
  const [busy, setBusy] = useState(false);
  const form = useForm<FormValues>({
    initialValues: initialValues(fields),
    validate: (values) => problemsOf(fields, values),
  });
  const submit = async (values: FormValues): Promise<void> => {
    setBusy(true);
    const worked = await onSubmit(values);
    setBusy(false);
    if (worked && props.resets) form.reset();
  };
  return (
    <form className={props.inline ? "row" : "rows"} onSubmit={form.onSubmit(submit)} noValidate>
      {fields.map((field) =>
        field.when && !field.when(form.values) ? null : (
          <FormField
            key={field.name}
            field={field}
            values={form.values}
            error={form.errors[field.name] as string | undefined}
            onChange={(value) => form.setFieldValue(field.name, value)}
          />
        ),
      )}
      <div className="row-tight">
        <Button type="submit" loading={busy} color={props.destructive ? "red" : undefined}>
          {submitLabel}
        </Button>
        {props.beside}
      </div>
    </form>
  );
}

function problemsOf(fields: readonly Field[], values: FormValues): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const field of fields) {
    if (field.when && !field.when(values)) continue;
    const problem = problemOf(field, values);
    if (problem) problems[field.name] = problem;
  }
  return problems;
}

function problemOf(field: Field, values: FormValues): string | undefined {
  const value = values[field.name];
  if (field.required && (value === "" || value === null)) return forms.required;
  if (field.kind === "number" && value !== "" && !/^-?\d+$/.test(String(value)))
    return forms.number;
  if (field.kind === "arguments") return problemOfRows(value as readonly ArgumentRow[]);
  if ("check" in field && typeof value === "string") return field.check?.(value, values);
  return undefined;
}

function problemOfRows(rows: readonly ArgumentRow[]): string | undefined {
  try {
    toArguments(rows);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

interface FormFieldProps {
  readonly field: Field;
  readonly values: FormValues;
  readonly error: string | undefined;
  readonly onChange: (value: FieldValue) => void;
}

function FormField(props: FormFieldProps) {
  const { field, values, error, onChange } = props;
  const shared = { label: field.label, description: field.help, required: field.required, error };
  const text = String(values[field.name] ?? "");
  switch (field.kind) {
    case "switch":
      return (
        <Switch
          label={field.label}
          description={field.help}
          checked={values[field.name] === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "select":
      return (
        <NativeSelect
          {...shared}
          data={[...field.options]}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "arguments":
      return (
        <ArgumentRows
          label={field.label}
          help={field.help}
          error={error}
          typed={field.typed ?? true}
          rows={values[field.name] as readonly ArgumentRow[]}
          shortcuts={field.shortcuts?.(values) ?? []}
          onChange={onChange}
        />
      );
    case "file":
      return <FileInput {...props} accept={field.accept} />;
    case "password":
      return (
        <PasswordInput
          {...shared}
          autoComplete="new-password"
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "textarea":
      return (
        <Textarea
          {...shared}
          autosize
          minRows={4}
          maxRows={16}
          value={text}
          classNames={{ input: "mono" }}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return <SuggestingInput {...props} shared={shared} text={text} />;
  }
}

function SuggestingInput({
  field,
  shared,
  text,
  onChange,
}: FormFieldProps & { shared: object; text: string }) {
  const listId = useId();
  const suggestions = field.kind === "text" ? (field.suggestions ?? []) : [];
  return (
    <>
      <TextInput
        {...shared}
        value={text}
        inputMode={field.kind === "number" ? "numeric" : undefined}
        placeholder={field.kind === "text" ? field.placeholder : undefined}
        list={suggestions.length > 0 ? listId : undefined}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {suggestions.length > 0 && (
        <datalist id={listId}>
          {suggestions.slice(0, 500).map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </>
  );
}

function FileInput({ field, error, onChange, accept }: FormFieldProps & { accept?: string }) {
  return (
    <TextInput
      type="file"
      label={field.label}
      description={field.help}
      required={field.required}
      error={error}
      accept={accept}
      onChange={(event) => onChange(event.currentTarget.files?.[0] ?? null)}
    />
  );
}
