// Reasons of the core and of the wire as AMQP 0-9-1 reply codes, and whether they cost the connection.

import type { Reason } from "../../broker/errors.ts";

/** A reply code [0-9-1 1.2], its name as RabbitMQ prints it, and whether it closes the whole connection. */
export interface ReplyCode {
  readonly code: number;
  readonly name: string;
  readonly closesConnection: boolean;
}

function soft(code: number, name: string): ReplyCode {
  return { code, name, closesConnection: false };
}
function hard(code: number, name: string): ReplyCode {
  return { code, name, closesConnection: true };
}

/** A new reason fails to compile here until it has a code. */
export const replyCodes: Readonly<Record<Reason, ReplyCode>> = {
  "content-too-large": soft(311, "CONTENT_TOO_LARGE"),
  "connection-forced": hard(320, "CONNECTION_FORCED"),
  "access-refused": soft(403, "ACCESS_REFUSED"),
  "not-found": soft(404, "NOT_FOUND"),
  "resource-locked": soft(405, "RESOURCE_LOCKED"),
  "precondition-failed": soft(406, "PRECONDITION_FAILED"),
  "frame-error": hard(501, "FRAME_ERROR"),
  "syntax-error": hard(502, "SYNTAX_ERROR"),
  "command-invalid": hard(503, "COMMAND_INVALID"),
  "channel-error": hard(504, "CHANNEL_ERROR"),
  "unexpected-frame": hard(505, "UNEXPECTED_FRAME"),
  // The specification calls it hard; a message without memory should not cost the other channels theirs.
  "resource-error": soft(506, "RESOURCE_ERROR"),
  "not-allowed": hard(530, "NOT_ALLOWED"),
  "not-implemented": hard(540, "NOT_IMPLEMENTED"),
  "internal-error": hard(541, "INTERNAL_ERROR"),
};

/** basic.return's code for a mandatory message without a queue. */
export const NO_ROUTE = { code: 312, text: "NO_ROUTE" } as const;
export const REPLY_SUCCESS = { code: 200, text: "OK" } as const;
