// Definitions as a checkpoint will say them, encoded some time before: then the moment at which all of them must be
// true together is short.

import type { Definition } from "./definition-replay.ts";

const encoder = new TextEncoder();

/** Texts are encoded into stretches of this many bytes: ten thousand small arrays cost more than what is in them. */
const CHUNK_BYTES = 65_536;
/** What a UTF-16 unit takes in UTF-8 at most. */
const BYTES_PER_UNIT_MAX = 3;

export interface EncodedDefinition {
  readonly kind: string;
  readonly json: Uint8Array;
  readonly state: object | undefined;
}

export class EncodedDefinitions {
  /** `Broker.definitionsVersion` when the first was added. */
  readonly version: number;
  readonly #rows: EncodedDefinition[] = [];
  readonly #bySubject = new Map<object, EncodedDefinition>();
  readonly #earlier: EncodedDefinitions | undefined;
  #chunk = new Uint8Array(CHUNK_BYTES);
  #used = 0;

  /** What `earlier` has of subjects that have not changed since is taken from there. */
  constructor(version: number, earlier?: EncodedDefinitions) {
    this.version = version;
    this.#earlier = earlier;
  }

  /** In the order in which they were added. */
  get rows(): readonly EncodedDefinition[] {
    return this.#rows;
  }

  add(definition: Definition): void {
    const { subject, state } = definition;
    const earlier = this.#earlier;
    const known = subject && earlier !== undefined ? earlier.#bySubject.get(subject) : undefined;
    const isSame = known !== undefined && known.state === state;
    const row = isSame ? known : this.#encode(definition);
    this.#rows.push(row);
    if (subject !== undefined) this.#bySubject.set(subject, row);
  }

  #encode({ kind, object, state }: Definition): EncodedDefinition {
    const text = JSON.stringify(object);
    const bytesMax = text.length * BYTES_PER_UNIT_MAX;
    if (this.#used + bytesMax > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(CHUNK_BYTES, bytesMax));
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += encoder.encodeInto(text, this.#chunk.subarray(from)).written;
    return { kind, json: this.#chunk.subarray(from, this.#used), state };
  }
}
