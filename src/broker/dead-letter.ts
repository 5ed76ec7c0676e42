// Moves a dead message to the dead letter exchange of its queue: a new message with the story of its death in its
// headers, published before the old one is settled, as one entry of the log.

import type { Address } from "../lib/arena.ts";
import type { Memory } from "../lib/memory.ts";
import {
  LARGE_PAGE_BYTES,
  MEDIUM_PAGE_BYTES,
  NO_PAGE,
  type PageSizeBytes,
} from "../lib/page-pool.ts";
import type { ContentEditor } from "./content.ts";
import type { BrokerContext } from "./context.ts";
import { isAutomaticCycle, withDeath } from "./death-history.ts";
import { type FieldTable, textOf } from "./field-table.ts";
import type { QueueNumber, Sequence } from "./numbers.ts";
import { NO_BODY_REFERENCE } from "./publication.ts";
import type { DeadLetters } from "./queue/context.ts";
import type { DeathReason } from "./queue/dead-letter-outbox.ts";
import type { Queue } from "./queue/queue.ts";
import { RecordFlag, type RecordView } from "./record.ts";
import { PublishResult } from "./route.ts";
import { PublicationView } from "./routing.ts";
import type { Vhost } from "./vhost.ts";

/** What a move is to the log: see Journal. */
export interface MoveJournal {
  beginMove(queue: QueueNumber, sequence: Sequence): void;
  endMove(): void;
  cancelMove(): void;
}

/** Dead letters wait while less memory than this is free. */
const FREE_BYTES_MIN = 2 * LARGE_PAGE_BYTES;

export class DeadLetterRouter implements DeadLetters {
  readonly #context: BrokerContext;
  readonly #memory: Memory;
  readonly #vhost: Vhost;
  readonly #editor: ContentEditor;
  readonly #journal: MoveJournal;
  readonly #view: PublicationView;
  /** Reused list of where the message goes. */
  readonly #targets: Queue[] = [];

  constructor(
    context: BrokerContext,
    memory: Memory,
    vhost: Vhost,
    editor: ContentEditor,
    journal: MoveJournal,
  ) {
    this.#context = context;
    this.#memory = memory;
    this.#vhost = vhost;
    this.#editor = editor;
    this.#journal = journal;
    this.#view = new PublicationView(editor, context.publication);
  }

  move(
    queue: Queue,
    record: RecordView,
    sequence: Sequence,
    reason: DeathReason,
    isLogged: boolean,
  ): boolean {
    const size = pageSizeFor(record);
    if (this.#memory.pages.freeBytes < FREE_BYTES_MIN) return false;
    const page = this.#memory.pages.allocate(size);
    if (page === NO_PAGE) return false;
    if (isLogged) this.#journal.beginMove(queue.definition.number, sequence);
    const isGone = this.#publish(queue, record, reason, page, size);
    if (isLogged) {
      if (isGone) this.#journal.endMove();
      else this.#journal.cancelMove();
    }
    this.#memory.pages.free(page, size);
    const { observers } = this.#vhost;
    if (isGone && observers.any) {
      const { deadLetterExchange } = queue.settings.values;
      observers.died(queue, sequence, { reason, record, deadLetterExchange });
    }
    return isGone;
  }

  /** False when the message must stay where it is: at-least-once, and nobody has taken it. */
  #publish(
    queue: Queue,
    record: RecordView,
    reason: DeathReason,
    page: Address,
    pageBytes: number,
  ): boolean {
    const { deadLetterExchange, deadLetterRoutingKey, deadLetterStrategy } = queue.settings.values;
    const mustArrive = deadLetterStrategy === "at-least-once";
    const exchange =
      deadLetterExchange === undefined ? undefined : this.#vhost.exchanges.get(deadLetterExchange);
    if (exchange === undefined) return !mustArrive;
    const { headers, expiration } = this.#editor.travelFacts(record.contentAt);
    const keys = [record.routingKey, ...copyKeys(headers)];
    const death = {
      queue: queue.definition.name,
      reason,
      exchange: record.exchange,
      routingKeys: keys,
      timeSeconds: Math.floor(this.#context.clock.nowMs() / 1000),
      expiration,
    };
    const isOurs = (record.flags & RecordFlag.travelled) !== 0;
    const story = withoutBlindCopies(withDeath(headers, death, isOurs), deadLetterRoutingKey);
    const newKeys = deadLetterRoutingKey === undefined ? keys : [deadLetterRoutingKey];
    const written = this.#write(
      record,
      story,
      exchange.name,
      newKeys[0] as string,
      page,
      pageBytes,
    );
    if (!written) return !mustArrive;
    this.#view.reset();
    this.#context.targets.route(exchange, this.#view, newKeys, this.#vhost.exchanges);
    const count = this.#takeTargets(reason, story);
    const result = this.#vhost.publishing.enqueue(
      this.#context.publication,
      this.#targets,
      count,
      exchange,
    );
    if (!mustArrive) return true;
    return count > 0 && (result & PublishResult.refused) === 0;
  }

  /** The queues routing found, without those that would close an automatic cycle. */
  #takeTargets(reason: DeathReason, story: FieldTable): number {
    const { queues, queueCount } = this.#context.targets;
    let count = 0;
    for (let i = 0; i < queueCount; i++) {
      const target = queues[i] as Queue;
      const isCycle = reason !== "rejected" && isAutomaticCycle(story, target.definition.name);
      if (!isCycle) this.#targets[count++] = target;
    }
    return count;
  }

  /** Writes the new message into `page` and describes it in the publication. False when it does not fit. */
  #write(
    record: RecordView,
    headers: FieldTable,
    exchange: string,
    routingKey: string,
    page: Address,
    pageBytes: number,
  ): boolean {
    const { arena } = this.#memory;
    const { publication } = this.#context;
    const exchangeLength = writeShortString(arena.buffer, exchange, page);
    const keyLength = writeShortString(arena.buffer, routingKey, page + exchangeLength);
    const contentAt = page + exchangeLength + keyLength;
    const isExternal = (record.flags & RecordFlag.externalBody) !== 0;
    const bodyAt = record.contentAt + record.headerFrameLength;
    const bodyLength = record.contentLengthBytes - record.headerFrameLength;
    const room = page + pageBytes - contentAt - bodyLength;
    const headerLength = this.#editor.rewriteHeader(record.contentAt, headers, contentAt, room);
    if (headerLength < 0) return false;
    arena.copy(contentAt + headerLength, bodyAt, bodyLength);
    publication.addressingAt = page;
    publication.addressingLength = exchangeLength + keyLength;
    publication.contentAt = contentAt;
    publication.contentLengthBytes = headerLength + bodyLength;
    publication.bodySizeBytes = record.bodySizeBytes;
    publication.bodyReference = isExternal ? record.bodyReference : NO_BODY_REFERENCE;
    this.#editor.describe(publication);
    publication.flags |= RecordFlag.travelled | (record.flags & RecordFlag.manyBodyFrames);
    return true;
  }
}

/** Room for the record and for a story as long as they get. */
function pageSizeFor(record: RecordView): PageSizeBytes {
  return record.lengthBytes < MEDIUM_PAGE_BYTES / 2 ? MEDIUM_PAGE_BYTES : LARGE_PAGE_BYTES;
}

/** The keys in the CC header; those of BCC are nobody's business. */
function copyKeys(headers: FieldTable): string[] {
  const value = headers.get("CC");
  if (value?.type !== "A") return [];
  return value.value.flatMap((element) => textOf(element) ?? []);
}

function withoutBlindCopies(headers: FieldTable, newKey: string | undefined): FieldTable {
  const result = new Map(headers);
  result.delete("BCC");
  // The message goes to the new key alone.
  if (newKey !== undefined) result.delete("CC");
  return result;
}

function writeShortString(
  buffer: {
    utf8Write(text: string, at: number, lengthBytes: number): number;
    [at: number]: number;
  },
  text: string,
  at: Address,
): number {
  const length = buffer.utf8Write(text, at + 1, 255);
  buffer[at] = length;
  return length + 1;
}
