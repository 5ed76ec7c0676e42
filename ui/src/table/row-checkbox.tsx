// The box that selects a row: a plain one, because thousands of rows come and go while a table is scrolled.

import classes from "./table.module.css";

export interface RowCheckboxProps {
  readonly label: string;
  readonly checked: boolean;
  /** Some, but not all. */
  readonly mixed?: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function RowCheckbox({ label, checked, mixed = false, onChange }: RowCheckboxProps) {
  return (
    <input
      type="checkbox"
      className={classes.box}
      aria-label={label}
      checked={checked}
      ref={(input) => {
        if (input !== null) input.indeterminate = mixed;
      }}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
