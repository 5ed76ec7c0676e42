// Publishing one message, and getting some.

import { BrokerError } from "../../broker/errors.ts";
import type { StoredMessage } from "../../broker/message/message-port.ts";
import type { Location, Sequence } from "../../broker/numbers.ts";
import { type Delivery, type Getter, Outcome, type Queue } from "../../broker/queue/queue.ts";
import { checkGet } from "../../broker/queue/reading-rules.ts";
import { PublishResult } from "../../broker/routing/route.ts";
import { type Answer, ApiError, badRequest, json, refusalsAsAnswers } from "../answers.ts";
import { property } from "../api-json.ts";
import { countField, optionalTextField, requireFields, textField } from "../body.ts";
import { type ApiRequest, exchangeName } from "../request.ts";
import { post, type Route } from "../route.ts";
import { gotMessageView, type PayloadEncoding, payloadOf, propertiesOf } from "../views/message.ts";

/** Messages one request may get. */
const GET_COUNT_MAX = 10_000;

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  ack_requeue_true: Outcome.requeue,
  ack_requeue_false: Outcome.accept,
  reject_requeue_true: Outcome.returned,
  reject_requeue_false: Outcome.discard,
};

export const messageRoutes: readonly Route[] = [
  post("/exchanges/:vhost/:name/publish", "management", "Publishes one message", publish, {
    body: {
      properties: {},
      routing_key: "orders.new",
      payload: "hello",
      payload_encoding: "string",
    },
  }),
  post("/queues/:vhost/:name/get", "management", "Gets messages", getMessages, {
    body: { count: 5, ackmode: "ack_requeue_true", encoding: "auto", truncate: 50_000 },
  }),
];

function publish(request: ApiRequest): Answer {
  const { body, management } = request;
  const access = request.access();
  requireFields(body, ["properties", "routing_key", "payload", "payload_encoding"]);
  const message = {
    exchange: exchangeName(request.param("name")),
    routingKey: textField(body, "routing_key", ""),
    properties: propertiesOf(property(body, "properties")),
    body: payloadOf(property(body, "payload"), property(body, "payload_encoding")),
  };
  try {
    const result = management.messages.publish(access, message);
    return json({ routed: (result & PublishResult.routed) !== 0 });
  } catch (error) {
    throw error instanceof BrokerError ? publishRefusal(error) : error;
  }
}

/** RabbitMQ answers 400 with the channel error's text, whatever it was. */
function publishRefusal({ reason, message }: BrokerError): ApiError {
  const codes: Readonly<Record<string, string>> = {
    "not-found": "404 NOT_FOUND",
    "access-refused": "403 ACCESS_REFUSED",
    "precondition-failed": "406 PRECONDITION_FAILED",
    "resource-error": "506 RESOURCE_ERROR",
  };
  return badRequest(`${codes[reason] ?? reason} - ${message}`);
}

async function getMessages(request: ApiRequest): Promise<Answer> {
  const { body } = request;
  const access = request.access();
  requireFields(body, ["count", "ackmode", "encoding"]);
  const outcome = OUTCOMES[String(property(body, "ackmode"))];
  if (outcome === undefined) {
    throw badRequest(`ackmode must be one of ${Object.keys(OUTCOMES).join(", ")}`);
  }
  const encoding = optionalTextField(body, "encoding");
  if (encoding !== "auto" && encoding !== "base64") {
    throw badRequest("Unsupported encoding. Please use auto or base64.");
  }
  const count = Math.min(countField(body, "count", 1), GET_COUNT_MAX);
  const truncateBytes =
    property(body, "truncate") === undefined ? undefined : countField(body, "truncate", 0);
  const queue = queueToGet(() => access.queueForReading(request.param("name")));
  const got = await takeMessages(request, queue, count);
  for (const { sequence, location, bytes, deliveryCount } of got) {
    queue.settle(undefined, sequence, location, bytes, outcome, deliveryCount);
  }
  const messages = await Promise.all(got.map(({ message }) => message));
  return json(
    messages.map((message, index) =>
      gotMessageView(message, got[index]!, encoding as PayloadEncoding, truncateBytes),
    ),
  );
}

function queueToGet(find: () => Queue): Queue {
  try {
    const queue = find();
    checkGet(queue);
    return queue;
  } catch (error) {
    if (error instanceof BrokerError && error.reason === "not-found") {
      throw new ApiError(404, { error: "not_found", reason: `NOT_FOUND - ${error.message}` });
    }
    return refusalsAsAnswers(() => {
      throw error;
    });
  }
}

interface GotMessage {
  readonly message: Promise<StoredMessage>;
  readonly redelivered: boolean;
  readonly messageCount: number;
  readonly sequence: Sequence;
  readonly location: Location;
  readonly bytes: number;
  readonly deliveryCount: number;
}

/** Takes up to `count` messages, one after the other; what is not in memory is waited for. */
async function takeMessages(
  request: ApiRequest,
  queue: Queue,
  count: number,
): Promise<readonly GotMessage[]> {
  const got: GotMessage[] = [];
  while (got.length < count) {
    const one = await new Promise<GotMessage | undefined>((resolve) =>
      queue.get(new MessageGetter(request, resolve)),
    );
    if (one === undefined) break;
    got.push(one);
  }
  return got;
}

class MessageGetter implements Getter {
  readonly noAck = false;
  readonly #request: ApiRequest;
  readonly #onAnswer: (got: GotMessage | undefined) => void;

  constructor(request: ApiRequest, onAnswer: (got: GotMessage | undefined) => void) {
    this.#request = request;
    this.#onAnswer = onAnswer;
  }

  onGot(_queue: Queue, delivery: Delivery, readyAfter: number): void {
    const { record, sequence, location, redelivered, deliveryCount } = delivery;
    this.#onAnswer({
      message: this.#request.management.messages.read(record),
      redelivered,
      messageCount: readyAfter,
      sequence,
      location,
      bytes: record.bodySizeBytes,
      deliveryCount,
    });
  }

  onEmpty(): void {
    this.#onAnswer(undefined);
  }
}
