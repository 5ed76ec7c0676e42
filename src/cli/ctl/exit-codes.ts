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
