// Message bodies that tell what they should be: a number, and bytes that follow from it.

const HEAD_BYTES = 8;

/** The body of message `id`, `sizeBytes` long (at least 8). */
export function bodyOf(id: number, sizeBytes: number): Uint8Array {
  const body = Buffer.alloc(Math.max(HEAD_BYTES, sizeBytes));
  body.writeUInt32LE(id, 0);
  body.writeUInt32LE(body.length, 4);
  for (let i = HEAD_BYTES; i < body.length; i++) body[i] = Math.imul(id + i, 0x9e3779b1) >>> 24;
  return body;
}

/** The number of the message a body belongs to; throws when any byte is not what it should be. */
export function idOf(body: Uint8Array): number {
  if (body.length < HEAD_BYTES)
    throw new Error(`a body of ${body.length} bytes was never published`);
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  const id = view.readUInt32LE(0);
  if (view.readUInt32LE(4) !== body.length) throw new Error(`message ${id} has a wrong length`);
  for (let i = HEAD_BYTES; i < body.length; i++) {
    if (body[i] !== Math.imul(id + i, 0x9e3779b1) >>> 24) {
      throw new Error(`message ${id} has a wrong byte at ${i}`);
    }
  }
  return id;
}
