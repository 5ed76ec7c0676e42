// Exit codes of RabbitMQ's tools (those of sysexits.h), and the error that carries one.

export const Exit = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noUser: 67,
  unavailable: 69,
  software: 70,
  temporaryFailure: 75,
  config: 78,
} as const;

/** Why a command ends badly. `message` goes to stderr, below a line "Error:" unless it is `bare`. */
export class CtlError extends Error {
  override readonly name = "CtlError";
  readonly exitCode: number;
  readonly bare: boolean;
  constructor(exitCode: number, message: string, options: { readonly bare?: boolean } = {}) {
    super(message);
    this.exitCode = exitCode;
    this.bare = options.bare ?? false;
  }
}

/** The command line itself is wrong: the usage line is shown. */
export class UsageError extends CtlError {
  override readonly name: "CtlError" = "CtlError";
}

/** An option that is unknown (`value` empty), or whose value cannot be read. */
export function invalidOption(option: string, value: string): UsageError {
  return new UsageError(
    Exit.usage,
    `Error (argument validation): Invalid options for this command:\n${option} : ${value}`,
  );
}

/** An argument that makes no sense, exit code 65. */
export function badArgument(why?: string): UsageError {
  const detail = why === undefined ? "." : `: ${why}`;
  return new UsageError(Exit.dataError, `Error (argument validation): Bad argument${detail}`);
}

/** What is asked for is not there to choose, exit code 64. */
export function unsupportedUnit(unit: string, known: readonly string[]): UsageError {
  return new UsageError(
    Exit.usage,
    `Error (argument validation): "unit '${unit}' is not supported. Please use one of: ${known.join(", ")}"`,
  );
}
