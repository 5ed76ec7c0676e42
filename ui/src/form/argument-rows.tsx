// Rows of key, value and type, with buttons for the arguments people often want.

import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { icons } from "../parts/icons.tsx";
import { forms } from "../texts/words.ts";
import type { ArgumentRow, ArgumentShortcut, ArgumentType } from "./arguments.ts";
import classes from "./form.module.css";

export interface ArgumentRowsProps {
  readonly label: string;
  readonly help?: string;
  readonly error?: string;
  readonly typed: boolean;
  readonly rows: readonly ArgumentRow[];
  readonly shortcuts: readonly ArgumentShortcut[];
  readonly onChange: (rows: readonly ArgumentRow[]) => void;
}

export function ArgumentRows(props: ArgumentRowsProps) {
  const { rows, onChange } = props;
  const add = (row: ArgumentRow): void => onChange([...rows, row]);
  const unused = props.shortcuts.filter(
    (shortcut) => !rows.some((row) => row.key === shortcut.key),
  );
  return (
    <fieldset className={classes.arguments}>
      <legend>{props.label}</legend>
      {props.help && <p className="dimmed small">{props.help}</p>}
      {rows.map((row, index) => (
        <Row
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
          key={index}
          row={row}
          number={index + 1}
          typed={props.typed}
          help={props.shortcuts.find((shortcut) => shortcut.key === row.key)?.help}
          onChange={(changed) => onChange(rows.with(index, changed))}
          onRemove={() => onChange(rows.toSpliced(index, 1))}
        />
      ))}
      <div className="row-tight">
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => add({ key: "", value: "", type: "string" })}
        >
          {forms.addRow}
        </Button>
        {unused.map((shortcut) => (
          <Button
            key={shortcut.key}
            size="compact-xs"
            variant="subtle"
            title={shortcut.help}
            onClick={() =>
              add({ key: shortcut.key, value: shortcut.value ?? "", type: shortcut.type })
            }
          >
            {shortcut.label}
          </Button>
        ))}
      </div>
      {props.error && (
        <p className={classes.error} role="alert">
          {props.error}
        </p>
      )}
    </fieldset>
  );
}

interface RowProps {
  readonly row: ArgumentRow;
  readonly number: number;
  readonly typed: boolean;
  readonly help?: string;
  readonly onChange: (row: ArgumentRow) => void;
  readonly onRemove: () => void;
}

function Row({ row, number, typed, help, onChange, onRemove }: RowProps) {
  return (
    <div className={classes.argument} data-typed={typed}>
      <TextInput
        size="xs"
        aria-label={`${forms.key} ${number}`}
        placeholder={forms.key}
        value={row.key}
        onChange={(event) => onChange({ ...row, key: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        aria-label={`${forms.value} ${number}`}
        placeholder={row.type === "list" ? forms.listHint : forms.value}
        title={help}
        value={row.value}
        onChange={(event) => onChange({ ...row, value: event.currentTarget.value })}
      />
      {typed && (
        <NativeSelect
          size="xs"
          aria-label={`${forms.valueType} ${number}`}
          value={row.type}
          onChange={(event) =>
            onChange({ ...row, type: event.currentTarget.value as ArgumentType })
          }
          data={Object.entries(forms.types).map(([value, label]) => ({ value, label }))}
        />
      )}
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`${forms.removeRow} ${number}`}
        onClick={onRemove}
      >
        {icons.remove}
      </ActionIcon>
    </div>
  );
}
