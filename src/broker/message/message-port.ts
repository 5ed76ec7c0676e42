// Whole messages as values, for cold paths that are no protocol of their own: the HTTP API, tracing, events.
// The protocol that owns the content's format implements it.

import type { Queue } from "../queue/queue.ts";
import type { PublishResult } from "../routing/route.ts";
import type { Vhost } from "../vhost.ts";
import type { VhostAccess } from "../vhost-access.ts";
import type { MessageProperties } from "./message-properties.ts";
import type { Publication } from "./publication.ts";
import type { RecordView } from "./record.ts";

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: MessageProperties;
  readonly body: Uint8Array;
}

/** A message taken out of a queue page: everything is copied. */
export interface StoredMessage extends OutgoingMessage {
  readonly persistent: boolean;
}

export type MessageHead = Omit<StoredMessage, "body">;

export interface MessagePort {
  /** Publishes with the permissions of `access`. Throws BrokerError as a protocol would. */
  publish(access: VhostAccess, message: OutgoingMessage): PublishResult;
  /** Puts a message into one queue as if it had been routed there. Throws BrokerError when it does not fit. */
  place(vhost: Vhost, queue: Queue, message: OutgoingMessage): void;
  /** Copies what `record` holds before it returns; resolves when a large body has been read too. */
  read(record: RecordView): Promise<StoredMessage>;
  /** The same without the body, at once. */
  readHead(record: RecordView): MessageHead;
  /** What has just been published: as `read` and `readHead`. */
  readPublished(publication: Publication): Promise<StoredMessage>;
  readPublishedHead(publication: Publication): MessageHead;
}
