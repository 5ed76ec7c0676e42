// Bytes that are not AMQP 0-9-1. Every one of them ends the connection; what the close method carries is here.

import type { Reason } from "../../../broker/errors.ts";

/** What the bytes broke: 501 frame-error, 502 syntax-error, 503 command-invalid, 505 unexpected-frame. */
export type CodecReason = Extract<
  Reason,
  "frame-error" | "syntax-error" | "command-invalid" | "unexpected-frame"
>;

/** `message` is RabbitMQ's text without the "FRAME_ERROR - " in front; class and method ids are 0 where RabbitMQ sends none. */
export class CodecError extends Error {
  override readonly name = "CodecError";
  readonly reason: CodecReason;
  readonly classId: number;
  readonly methodId: number;
  constructor(reason: CodecReason, text: string, classId = 0, methodId = 0) {
    super(text);
    this.reason = reason;
    this.classId = classId;
    this.methodId = methodId;
  }
}
