// hot path: runs per acknowledgement
// basic.ack or basic.nack frames, encoded ahead; only the delivery tag is filled in. All acks of one read leave in one write.

import { encodeMethod } from "./client/channel.ts";
import type { ClientConnection } from "./client/connection.ts";
import type { Settlement } from "./plan.ts";

const ACK_BYTES = 21;
const TAG_AT = 11;
const ACKS_MAX = 4096;

export class AckBatch {
  readonly #connection: ClientConnection;
  readonly #template: Uint8Array;
  /** A Buffer: Node makes one of any other bytes it is to write. */
  #bytes: Buffer;
  #view: DataView;
  #count = 0;

  /** With `multiple`, each frame covers all deliveries up to its tag. */
  constructor(
    connection: ClientConnection,
    channel: number,
    multiple: boolean,
    settlement: Settlement = "ack",
  ) {
    this.#connection = connection;
    const requeue = settlement === "requeue";
    // Both methods have the same layout.
    const ack = encodeMethod(
      channel,
      settlement === "ack"
        ? { name: "basic.ack", deliveryTag: 0, multiple }
        : { name: "basic.nack", deliveryTag: 0, multiple, requeue },
    );
    this.#template = new Uint8Array(ACK_BYTES * ACKS_MAX);
    for (let at = 0; at < this.#template.length; at += ACK_BYTES) this.#template.set(ack, at);
    this.#bytes = byteCopy(this.#template);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Acknowledges a delivery tag, given as its two halves. */
  add(tagHigh: number, tagLow: number): void {
    const at = this.#count * ACK_BYTES + TAG_AT;
    this.#view.setInt32(at, tagHigh);
    this.#view.setInt32(at + 4, tagLow);
    if (++this.#count === ACKS_MAX) this.flush();
  }

  flush(): void {
    if (this.#count === 0) return;
    this.#connection.write(this.#bytes.subarray(0, this.#count * ACK_BYTES));
    this.#count = 0;
    if (!this.#connection.isBusy) return;
    // The bytes are in flight and may not be touched: go on in fresh ones.
    this.#bytes = byteCopy(this.#template);
    this.#view = new DataView(this.#bytes.buffer);
  }
}

function byteCopy(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.slice().buffer);
}
