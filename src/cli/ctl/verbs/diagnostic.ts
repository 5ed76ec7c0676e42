// One command of rabbitmq-diagnostics as a short table row.

import type { Invocation, Output, Verb } from "../verb.ts";

const GROUP = "Monitoring, observability and health checks";

export interface Diagnostic {
  readonly name: string;
  readonly summary: string;
  /** rabbitmq-diagnostics alone unless given. */
  readonly scopes?: Verb["scopes"];
  readonly usage?: string;
  readonly args?: readonly [number, number];
  readonly banner?: (invocation: Invocation) => string;
  readonly options?: Verb["options"];
  readonly check?: (invocation: Invocation) => void;
  readonly isOffline?: boolean;
  readonly run: (invocation: Invocation) => Output | Promise<Output>;
}

export function diagnosticVerb(row: Diagnostic): Verb {
  const { name, summary, usage = "", args = [0, 0], banner, options, check, isOffline, run } = row;
  return {
    name,
    scopes: row.scopes ?? ["diagnostics"],
    usage,
    minimumArgs: args[0],
    maximumArgs: args[1],
    group: GROUP,
    summary,
    ...(banner === undefined ? {} : { banner }),
    ...(options === undefined ? {} : { options }),
    ...(check === undefined ? {} : { check }),
    ...(isOffline === undefined ? {} : { isOffline }),
    run,
  };
}
