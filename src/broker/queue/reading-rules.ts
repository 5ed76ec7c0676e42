// What consume and get may ask of a queue whose messages stay where they are (a stream), in RabbitMQ's words.

import { BrokerError } from "../errors.ts";
import { type FieldTable, type FieldValue, integerOf, textOf } from "../message/field-table.ts";
import { resourceText } from "../names.ts";
import type { Queue } from "./queue.ts";

export interface ConsumeRequest {
  readonly noAck: boolean;
  /** 0 = no limit. */
  readonly prefetchMax: number;
  readonly arguments: FieldTable;
}

/** Reading does not remove, so acknowledgements are credit: without a limit and without them nothing would slow a reader down. */
export function checkConsume(queue: Queue, request: ConsumeRequest): void {
  if (queue.definition.type.traits.settlesRemove) return;
  if (request.noAck) throw notSupported("automatic acknowledgement", queue);
  if (request.prefetchMax === 0) {
    throw new BrokerError(
      "precondition-failed",
      `consumer prefetch count is not set for '${textFor(queue)}'`,
    );
  }
  checkOffset(queue, request.arguments.get("x-stream-offset"));
}

export function checkGet(queue: Queue): void {
  if (!queue.definition.type.traits.settlesRemove) throw notSupported("basic.get", queue);
}

/** Some types have no basic.get beside a single active consumer. */
export function refuseGetBesideActive({ definition, settings }: Queue): void {
  if (!settings.values.singleActiveConsumer) return;
  const { type, name, vhost } = definition;
  if (type.traits.allowsGetWithSingleActive) return;
  throw new BrokerError(
    "resource-locked",
    `cannot obtain access to locked ${resourceText("queue", name, vhost)}. basic.get operations are not supported by ${type.name} queues with single active consumer`,
  );
}

const NAMED_OFFSETS = /^(first|last|next|[0-9]+[YMDhms])$/;

/** first, last, next, an offset, a timestamp, or an age like "7D". */
function checkOffset(queue: Queue, offset: FieldValue | undefined): void {
  if (offset === undefined || offset.type === "T") return;
  const number = integerOf(offset);
  const text = textOf(offset);
  if (number !== undefined ? number >= 0n : text !== undefined && NAMED_OFFSETS.test(text)) return;
  const problem = number === undefined ? "invalid_offset" : `{value_negative,${number}}`;
  throw new BrokerError(
    "precondition-failed",
    `invalid arg 'x-stream-offset' for ${textFor(queue)}: ${problem}`,
  );
}

function textFor(queue: Queue): string {
  return resourceText("queue", queue.definition.name, queue.definition.vhost);
}

function notSupported(what: string, queue: Queue): BrokerError {
  const type = queue.definition.type.name;
  return new BrokerError(
    "not-implemented",
    `${what} not supported by ${type} queues ${textFor(queue)}`,
  );
}
