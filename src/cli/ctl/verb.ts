// A command of leveretctl as data: what it is called, what it takes, what it says, what it does.

import type { Client, Json, Row } from "./client.ts";

/** RabbitMQ spreads its commands over several programs; one command may belong to more than one. */
export type Scope = "ctl" | "diagnostics" | "queues" | "plugins" | "streams" | "upgrade";

export interface OptionSpec {
  /** As commander writes it: "--description <text>", "--online". */
  readonly flags: string;
  readonly description: string;
}

/** What a command was called with. */
export interface Invocation {
  readonly client: Client;
  readonly node: string;
  readonly vhost: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly formatter: Formatter;
  /** Seconds, as `-t` gives them. */
  readonly timeoutSeconds: number | undefined;
  readonly isQuiet: boolean;
  /** The program's name, for usage lines. */
  readonly program: string;
  /** Which program's commands it knows. */
  readonly scope: Scope;
  /** Writes a line while the command still runs. */
  readonly say: (line: string) => void;
  /** Writes where progress is shown; undefined = nobody watches. */
  readonly progress: ((text: string) => void) | undefined;
  /** Reads what is piped in. */
  readonly readInput: () => Promise<string>;
}

export type Formatter = "table" | "json" | "csv" | "pretty_table" | "erlang";

/** What a command answers. */
export type Output =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "rows";
      readonly columns: readonly string[];
      readonly rows: readonly Row[];
      /** Lines without the header, whatever the formatter. */
      readonly noHeader?: boolean;
      /** Without rows an empty line is printed, as RabbitMQ does for lists it does not stream. */
      readonly isWhole?: boolean;
      /** Framed where another listing is a plain table. */
      readonly isFramed?: boolean;
    }
  /** `text` for people, `json` for `--formatter json`. */
  | { readonly kind: "value"; readonly text: string; readonly json: Json };

export interface Verb {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Behind the name in usage lines: "<username> <password>". */
  readonly usage: string;
  readonly minimumArgs: number;
  readonly maximumArgs: number;
  readonly group: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  /** Throws UsageError or CtlError when arguments make no sense; runs before anything is printed. */
  readonly check?: (invocation: Invocation) => void;
  /** Said first unless quiet. */
  readonly banner?: (invocation: Invocation) => string | undefined;
  /** Columns it can show, for listings. */
  readonly columns?: ColumnSet;
  /** Works without a broker. */
  readonly isOffline?: boolean;
  /** The broker may come up while it runs. */
  readonly waits?: boolean;
  /** Works without a broker, but says the broker's name when there is one. */
  readonly asksName?: boolean;
  /** The exit code of a command that cannot do anything here. */
  readonly exitsWith?: number;
  /** Takes whatever it is given. */
  readonly anyOptions?: boolean;
  run(invocation: Invocation): Output | Promise<Output>;
}

export interface ColumnSet {
  readonly known: readonly string[];
  readonly standard: readonly string[];
}

export const nothing: Output = { kind: "none" };

export function textOutput(text: string): Output {
  return { kind: "text", text };
}

export function rows(columns: readonly string[], items: readonly Row[]): Output {
  return { kind: "rows", columns, rows: items };
}

/** Rows of a list that comes in one piece: users, permissions, parameters, limits. */
export function wholeRows(columns: readonly string[], items: readonly Row[]): Output {
  return { kind: "rows", columns, rows: items, isWhole: true };
}

/** The columns asked for, or the usual ones; whoever asks for unknown ones is told. */
export function chosenColumns({ args }: Invocation, columns: ColumnSet): readonly string[] {
  const asked = args.flatMap((arg) => arg.split(/[\s,]+/)).filter((name) => name !== "");
  return asked.length === 0 ? columns.standard : [...new Set(asked)];
}
