// Looks through the messages of a queue for those somebody wants, piece by piece: a queue may hold millions.

import type { StoredMessage } from "../../broker/message/message-port.ts";
import type { Sequence } from "../../broker/numbers.ts";
import type { Queue } from "../../broker/queue/queue.ts";
import type { TakenMessage } from "../../broker/queue/queue-inspection.ts";
import { refusalsAsAnswers } from "../answers.ts";
import { Slicer } from "../listing.ts";
import type { ApiRequest } from "../request.ts";
import type { MessageFilter } from "./message-filter.ts";

/** Messages one piece may look at. */
const LOOKED_AT_MAX = 100_000;
/** Bodies read at a time while searching. */
export const READ_AT_ONCE = 64;

export interface SeenMessage extends TakenMessage {
  readonly message: StoredMessage;
  readonly redelivered: boolean;
  readonly isReady: boolean;
}

export interface Found {
  readonly messages: readonly SeenMessage[];
  /** Where to go on; undefined at the end of the queue. */
  readonly next: Sequence | undefined;
}

export function queueToRead(request: ApiRequest): Queue {
  return refusalsAsAnswers(() => request.access().queueForReading(request.param("name")));
}

/**
 * The messages that match, at most `count`, from `start` on; fewer where it has looked at enough for one piece. Bodies
 * are read only where the filter needs them.
 */
export async function find(
  request: ApiRequest,
  queue: Queue,
  filter: MessageFilter,
  count: number,
  start: Sequence | undefined,
): Promise<Found> {
  const found: SeenMessage[] = [];
  const slicer = new Slicer(request.management.broker.clock);
  let from = start;
  let lookedAt = 0;
  do {
    const atOnce = Math.min(count - found.length, READ_AT_ONCE);
    if (atOnce <= 0) return { messages: found, next: from };
    const piece = await lookAt(request, queue, filter, atOnce, from);
    for (const one of await Promise.all(piece.seen)) {
      if (filter.body(one.message)) found.push(one);
      // Bodies may be large, and looking into JSON takes its time.
      if (slicer.due) await slicer.pause();
    }
    from = piece.next;
    lookedAt += piece.lookedAt;
  } while (from !== undefined && lookedAt < LOOKED_AT_MAX);
  return { messages: found, next: from };
}

interface Piece {
  readonly seen: readonly Promise<SeenMessage>[];
  readonly lookedAt: number;
  readonly next: Sequence | undefined;
}

/** One walk: the messages whose heads match, at most `count`. */
function lookAt(
  { management }: ApiRequest,
  queue: Queue,
  filter: MessageFilter,
  count: number,
  from: Sequence | undefined,
): Promise<Piece> {
  const seen: Promise<SeenMessage>[] = [];
  let lookedAt = 0;
  return new Promise((resolve) => {
    queue.inspection.browse(
      {
        onMessage: ({ record, sequence, location, redelivered }, isReady) => {
          lookedAt++;
          const isWanted =
            (filter.state === undefined || (filter.state === "ready") === isReady) &&
            (filter.positions === undefined || filter.positions.has(sequence)) &&
            (filter.isPresent === undefined || filter.isPresent(sequence)) &&
            filter.head(management.messages.readHead(record));
          if (isWanted) {
            const facts = { sequence, location, redelivered, isReady };
            const size = { bytes: record.bodySizeBytes, persistent: record.persistent };
            const read = management.messages.read(record);
            seen.push(read.then((message) => ({ ...facts, ...size, message })));
          }
          return seen.length < count && lookedAt < LOOKED_AT_MAX;
        },
        onEnd: (next) => resolve({ seen, lookedAt, next }),
      },
      from,
    );
  });
}

/** Waits until `ask` knows: each time it does not, until the queue has read a page. */
export async function untilKnown(
  { inspection }: Pick<Queue, "inspection">,
  ask: () => boolean | undefined,
): Promise<boolean> {
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await new Promise<void>((resolve) => inspection.whenChanged(resolve));
  }
}
