// Message bodies that tell what they should be: a number, and bytes that follow from it.

const HEAD_BYTES = 8;

/** The bytes of all bodies: one of message `id` has those from `id` on, as many as it is long. */
let pattern = patternOf(1_048_576);

function patternOf(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return bytes;
}

/** What a body of `sizeBytes` holds behind its head. */
function tailOf(id: number, sizeBytes: number): Uint8Array {
  if (id + sizeBytes > pattern.length) pattern = patternOf(2 * (id + sizeBytes));
  return pattern.subarray(id + HEAD_BYTES, id + sizeBytes);
}

/** The body of message `id`, `sizeBytes` long (at least 8). */
export function bodyOf(id: number, sizeBytes: number): Uint8Array {
  const body = Buffer.alloc(Math.max(HEAD_BYTES, sizeBytes));
  body.writeUInt32LE(id, 0);
  body.writeUInt32LE(body.length, 4);
  body.set(tailOf(id, body.length), HEAD_BYTES);
  return body;
}

/** The number of the message a body belongs to; throws when any byte is not what it should be. */
export function idOf(body: Uint8Array): number {
  if (body.length < HEAD_BYTES)
    throw new Error(`a body of ${body.length} bytes was never published`);
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  const id = view.readUInt32LE(0);
  if (view.readUInt32LE(4) !== body.length) throw new Error(`message ${id} has a wrong length`);
  const tail = tailOf(id, body.length);
  if (view.compare(tail, 0, tail.length, HEAD_BYTES) === 0) return id;
  const at = tail.findIndex((byte, i) => byte !== body[HEAD_BYTES + i]);
  throw new Error(`message ${id} has a wrong byte at ${HEAD_BYTES + at}`);
}
