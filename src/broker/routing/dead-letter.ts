// Moves a dead message to the dead letter exchange of its queue: a new message with the story of its death in its
// headers, published before the old one is settled, as one entry of the log.

import type { Memory } from "../../lib/memory.ts";
import type { BrokerContext } from "../context.ts";
import type { ContentEditor } from "../message/content.ts";
import { isAutomaticCycle, withDeath } from "../message/death-history.ts";
import type { FieldTable } from "../message/field-table.ts";
import { RecordFlag, type RecordView } from "../message/record.ts";
import type { Sequence } from "../numbers.ts";
import type { DeadLetters } from "../queue/context.ts";
import type { DeathReason } from "../queue/dead-letter-outbox.ts";
import type { Queue } from "../queue/queue.ts";
import type { Vhost } from "../vhost.ts";
import { PublishResult } from "./route.ts";
import { PublicationView } from "./routing.ts";
import { copyKeys, type MoveJournal, TravelPage } from "./travel.ts";

export class DeadLetterRouter implements DeadLetters {
  readonly #context: BrokerContext;
  readonly #page: TravelPage;
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
    this.#page = new TravelPage(memory, editor, context.publication);
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
    if (this.#journal.congested || !this.#page.open(record)) return false;
    if (isLogged) this.#journal.beginMove(queue.definition.number, sequence);
    const isGone = this.#publish(queue, record, reason);
    if (isLogged) {
      if (isGone) this.#journal.endMove();
      else this.#journal.cancelMove();
    }
    this.#page.close();
    const { observers } = this.#vhost;
    if (isGone && observers.any) {
      const { deadLetterExchange } = queue.settings.values;
      observers.died(queue, sequence, { reason, record, deadLetterExchange });
    }
    return isGone;
  }

  /** False when the message must stay where it is: at-least-once, and nobody has taken it. */
  #publish(queue: Queue, record: RecordView, reason: DeathReason): boolean {
    const { deadLetterExchange, deadLetterRoutingKey, deadLetterStrategy, overflow } =
      queue.settings.values;
    // A queue that drops its head cannot keep what does not arrive: there at most once is all there is.
    const mustArrive = deadLetterStrategy === "at-least-once" && overflow === "reject-publish";
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
    const written = this.#page.write(record, {
      headers: story,
      exchange: exchange.name,
      routingKey: newKeys[0] as string,
      keepsExpiration: false,
      flags: RecordFlag.travelled,
    });
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
}

function withoutBlindCopies(headers: FieldTable, newKey: string | undefined): FieldTable {
  const result = new Map(headers);
  result.delete("BCC");
  // The message goes to the new key alone.
  if (newKey !== undefined) result.delete("CC");
  return result;
}
