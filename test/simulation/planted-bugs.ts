// Bugs that stores have had, planted one at a time into a copy of ours: a simulation that does not find them
// proves nothing. Each is a piece of source and what it becomes.

export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Where the search begins: it takes a rare history, and this one was seen to find it. */
  readonly firstSeed?: number;
  /** Only the loop over failing calls looks for it. */
  readonly inFailingCalls?: boolean;
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "confirm before the sync",
    file: "src/store/write-ahead-log.ts",
    find: "    this.#written = 0;\n    if",
    replace: "    this.#written = 0;\n    this.durablePosition = batch.endPosition;\n    if",
  },
  {
    name: "log files are not synced",
    file: "src/store/log-files.ts",
    find: "create: false, synced: true }",
    replace: "create: false, synced: false }",
  },
  {
    name: "the name of a new log file is not synced",
    file: "src/store/log-files.ts",
    find: "  await file.prepare((x) => x.sync(0));\n  await disk.syncDirectory(directory);",
    replace: "  await file.prepare((x) => x.sync(0));",
  },
  {
    name: "the name of a new data directory is not synced",
    file: "src/store/store.ts",
    find: "      await disk.syncDirectory(directory.slice",
    replace: "      void (directory.slice",
  },
  {
    name: "blocks are not checked",
    file: "src/store/block.ts",
    find: "if (crc32Of(u8, at + 4, at + lengthBytes) !== crc) return undefined;",
    replace: "",
  },
  {
    name: "what a log file was used for before is taken for its content",
    firstSeed: 15,
    file: "src/store/log-reader.ts",
    find: "if (!isInPlace || block.crcBefore !== crcBefore) return false;\n    return this.#atBatchEnd ? block.batch > batch && block.index === 0 : block.batch === batch;",
    replace: "void batch; void isInPlace; void crcBefore;\n    return true;",
  },
  {
    name: "a short write is taken for a whole one",
    file: "src/store/write-ahead-log.ts",
    find: "if (this.#written < batch.usedBytes) {",
    replace: "if (this.#written < 0) {",
    inFailingCalls: true,
  },
  {
    name: "a write of the log that failed is tried again",
    file: "src/store/write-ahead-log.ts",
    find: "    if (isFullDisk(error)) {",
    replace: "    if (isFullDisk(error) || error.code !== undefined) {",
    inFailingCalls: true,
  },
  {
    name: "a full disk is taken for a broken one",
    file: "src/store/write-ahead-log.ts",
    find: "    if (isFullDisk(error)) {",
    replace: '    if (isFullDisk(error) && error.code === "EDQUOT") {',
    inFailingCalls: true,
  },
  {
    name: "a log buffer is used again while it is written",
    file: "src/store/write-ahead-log.ts",
    find: "    this.#written = 0;\n    if",
    replace: "    this.#written = 0;\n    this.#buffers.written(batch);\n    if",
  },
  {
    name: "segments are not synced before a checkpoint names them",
    file: "src/store/checkpointer.ts",
    find: "      await this.#syncSegments();\n",
    replace: "",
  },
  {
    name: "a failed sync of a segment is passed over",
    inFailingCalls: true,
    file: "src/store/checkpointer.ts",
    find: "await this.#options.durable.sync();",
    replace: "await this.#options.durable.sync().catch(() => {});",
  },
  {
    name: "a checkpoint is newer than the log",
    firstSeed: 40,
    file: "src/store/checkpointer.ts",
    find: "      await log.whenDurable(capturedPosition);\n",
    replace: "",
  },
  {
    name: "a checkpoint forgets messages that are in memory only",
    file: "src/store/checkpointer.ts",
    find: "const position = Math.min(lowest, lookedFrom);",
    replace: "const position = lookedFrom;",
  },
  {
    name: "log files are given up too early",
    file: "src/store/checkpointer.ts",
    find: "await files.release(place.file);",
    replace: "await files.release(place.file + 1);",
  },
  {
    name: "dead segments are removed before the checkpoint is on disk",
    firstSeed: 32,
    file: "src/store/checkpointer.ts",
    find: "    const dead = durable.markNamed();\n",
    replace: "    const dead = durable.markNamed();\n    durable.removeDead(dead);\n",
  },
  {
    name: "settlements are not replayed",
    file: "src/broker/journal/replay.ts",
    find: "[EntryKind.settle]: (at, lengthBytes) => this.#settle(at, lengthBytes),",
    replace:
      "[EntryKind.settle]: (at, lengthBytes) => void this.#settle.length * at * lengthBytes,",
  },
  {
    name: "transactions without a commit count",
    firstSeed: 64,
    file: "src/broker/journal/replay.ts",
    find: "this.#queue(queue)?.restoreSettled(sequence, sequence);\n      }\n    }",
    replace: "void queue; void sequence;\n      }\n    }",
  },
  {
    name: "settlements of a transaction are logged before its end",
    file: "src/broker/journal/journal.ts",
    find: "    if (this.#transaction !== NONE) {\n      this.#transactionRanges.push(queue, from, to);\n      return;\n    }\n",
    // A batch may end between any two of them.
    replace: "    if (this.#transaction !== NONE) this.#log.commit(true);\n",
  },
  {
    name: "a checkpoint forgets what was settled since its pages were written",
    file: "src/broker/queue/queue-recovery.ts",
    find: "writer.settled(queue, from, to);",
    replace: "void from; void to;",
  },
  {
    name: "parts of large bodies are not logged",
    file: "src/broker/message/paged-bodies.ts",
    find: "this.#journal.part(reference, body.sizeBytes, offset, from, lengthBytes);",
    replace: "void offset;",
  },
  {
    name: "a dead letter is moved by two entries",
    file: "src/broker/journal/replay.ts",
    find: "    this.#queue(from)?.restoreSettled(sequence, sequence);\n",
    replace: "    void from;\n    void sequence;\n",
  },
  {
    name: "readers of a stream see what is not on disk",
    file: "src/broker/stream/stream-queue.ts",
    find: "(marks.peek() as Mark).position <= durable",
    replace: "(marks.peek() as Mark).position <= durable + 1e9",
  },
  {
    name: "a transaction can be seen in a stream before its end is on disk",
    file: "src/broker/stream/stream-queue.ts",
    find: "journal.isInTransaction ? END_OF_TURN : journal.position",
    replace: "journal.isInTransaction ? 0 : journal.position",
  },
  {
    name: "a checkpoint forgets where a stream begins",
    file: "src/broker/stream/stream-recovery.ts",
    find: "if (log.firstSequence > 1) writer",
    replace: "if (log.firstSequence < 0) writer",
  },
  {
    name: "a checkpoint forgets messages of a stream that never were",
    firstSeed: 352,
    file: "src/broker/stream/stream-recovery.ts",
    find: "for (const { from, to } of log.gone.ranges()) writer.settled(queue, from, to);",
    replace: "",
  },
  {
    name: "a checkpoint forgets tracked offsets",
    file: "src/broker/stream/stream-recovery.ts",
    find: "writer.tracked(queue, kind, name, value);",
    replace: "void value; void name;",
  },
  {
    name: "a checkpoint forgets the filters of a stream",
    file: "src/broker/stream/stream-recovery.ts",
    find: "if (filter !== undefined && filter.length > 0) {",
    replace: "if (filter !== undefined && filter.length < 0) {",
  },
  {
    name: "transient messages of a stream are not logged",
    file: "src/broker/routing/publishing.ts",
    find: "persistent || definition.type.traits.keepsTransient",
    replace: "persistent",
  },
  {
    name: "the log is let go though a stream's page was written in part only",
    file: "src/broker/stream/page-snapshots.ts",
    find: "page.lastSequence > facts.lastSequence ? position : NO_LOG_POSITION",
    replace: "NO_LOG_POSITION",
  },
  {
    name: "a delayed message that went on still waits after a restart",
    file: "src/broker/delay/store.ts",
    find: "const isLogged = this.#beginMove(bucket, sequence, record);\n    if (!this.#endMove(isLogged, this.#parts.release(this, record))) {",
    replace:
      "const isLogged = false;\n    if (!this.#endMove(isLogged, this.#parts.release(this, record))) {",
  },
  {
    name: "what is due soon is sent on before its time",
    file: "src/broker/delay/store.ts",
    find: "    let dueAtMs = nowMs;\n",
    replace: "    let dueAtMs = nowMs + 100;\n",
  },
  {
    name: "the log does not hear that a delayed message was called off",
    file: "src/broker/delay/bucket.ts",
    find: "if (isLogged && !isMoved) this.#log.settled(sequence);",
    replace: "void isLogged; void isMoved;",
  },
  {
    name: "a checkpoint forgets where delayed messages lie",
    file: "src/broker/delay/vhost-delays.ts",
    find: "if (bucket.isLogged) yield describeBucket(store, bucket);",
    replace: "if (bucket.span.widthMs < 0) yield describeBucket(store, bucket);",
  },
  {
    name: "keys seen before are not logged",
    file: "src/broker/duplicates/window.ts",
    find: "this.#log?.(keys);",
    replace: "void keys;",
  },
  {
    name: "the log is let go up to where it is when definitions are described, not to where the search began",
    file: "src/store/checkpointer.ts",
    find: "const position = Math.min(lowest, lookedFrom);",
    // A search over many queues takes as long.
    replace: "await this.#delay(20); const position = Math.min(lowest, log.position);",
  },
  {
    name: "a checkpoint forgets how often messages failed that are out again",
    file: "src/broker/queue/level.ts",
    find: "    if (this.#out !== undefined) yield* this.#out.after(0);\n",
    replace: "",
  },
  {
    name: "a checkpoint forgets what waits for its next delivery",
    file: "src/broker/queue/queue-recovery.ts",
    find: "      writer.waiting(this.#queue, sequence, dueAtMs);\n",
    replace: "      void dueAtMs;\n",
  },
  {
    name: "a delivery that the power ended was none",
    file: "src/broker/queue/level.ts",
    find: "?? (sequence <= this.countedUpTo ? 1 : 0)",
    replace: "?? 0",
  },
  {
    name: "the last attempt ends with the power, and there is another",
    file: "src/broker/queue/returns.ts",
    find: "    this.#mayBeOver = true;\n",
    replace: "",
  },
  {
    name: "a nack that is no attempt is one after a crash",
    firstSeed: 86,
    file: "src/broker/queue/returns.ts",
    find: "if ((rules.counts || deliveryCount > 0) && isPersistentAt(location)) {",
    replace: "if (deliveryCount > 0 && isPersistentAt(location)) {",
  },
  {
    name: "a confirm waits for the next entry of the log, not for what its turn gathers",
    firstSeed: 274,
    file: "src/broker/broker.ts",
    find: "this.turn.owesEntries ? END_OF_TURN : this.journal.position",
    replace: "this.turn.owesEntries ? this.journal.position + 1 : this.journal.position",
  },
  {
    name: "replies do not wait for what their turn gathers",
    file: "src/broker/broker.ts",
    find: "this.turn.hasGathered ? END_OF_TURN : this.journal.position",
    replace: "this.journal.position",
  },
  {
    name: "a conversion goes on while the log is read: what is not counted yet looks empty",
    firstSeed: 132,
    file: "src/broker/conversion/conversions.ts",
    find: "isReplaying: () => context.replaying,",
    replace: "isReplaying: () => false,",
  },
  {
    name: "transient messages of a written page are forgotten only as long as it is in memory",
    firstSeed: 315,
    file: "src/broker/queue/page-scan.ts",
    find: "        page.settledSince?.add(sequence, sequence);\n",
    replace: "",
  },
  {
    name: "what a conversion moves stays where it was, too, in the log",
    file: "src/broker/conversion/conversion.ts",
    find: "journal.beginMove(this.from.definition.number, sequence);",
    replace: "void sequence;",
  },
  {
    name: "a stream that becomes a queue loses what is behind the message that left",
    file: "src/broker/stream/stream-transfer.ts",
    find: "    this.#dropBefore(sequence + 1);\n",
    replace: "    this.#dropBefore(sequence + 2);\n",
  },
  {
    name: "a message taken away while it waits for a retry is back after a restart",
    file: "src/broker/queue/queue-inspection.ts",
    find: "ended.bytes);\n    if (persistent) log?.settled(sequence);\n",
    replace: "ended.bytes);\n    void log;\n    void persistent;\n",
  },
  {
    name: "a delivery overtakes the answer to a get",
    firstSeed: 36,
    file: "src/protocols/amqp091/consuming.ts",
    find: "    this.#repliesAhead++;\n",
    replace: "",
  },
  {
    name: "gets whose messages must be read are answered as these come, with tags in that order",
    firstSeed: 66,
    file: "src/protocols/amqp091/channel-gets.ts",
    find: "    if (this.#waiting.length > 0) get.hold();\n    else get.ask();",
    replace: "    get.ask();",
  },
];
