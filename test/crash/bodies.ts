// Message bodies that say who they are: number and size in front, behind them bytes that follow from the number.

const HEADER_BYTES = 12;
const MARK = 0x4c564352;
const NOISE_BYTES = 1_048_576;

const noise = Buffer.alloc(NOISE_BYTES);
for (let at = 0, state = 0x2545f491; at < NOISE_BYTES; at += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  noise.writeUInt32LE(state, at);
}

export const BODY_BYTES_MIN = HEADER_BYTES;
export const BODY_BYTES_MAX = NOISE_BYTES / 2;

/** The body of message `id`; always the same for the same two numbers. */
export function bodyOf(id: number, sizeBytes: number): Buffer {
  const body = Buffer.allocUnsafe(sizeBytes);
  body.writeUInt32BE(MARK, 0);
  body.writeUInt32BE(id, 4);
  body.writeUInt32BE(sizeBytes, 8);
  const from = (id * 7_919) % (NOISE_BYTES / 2);
  noise.copy(body, HEADER_BYTES, from, from + sizeBytes - HEADER_BYTES);
  return body;
}

/** Which message it is. Throws an Error unless every byte is right. */
export function idOf(body: Buffer): number {
  if (body.length < HEADER_BYTES || body.readUInt32BE(0) !== MARK) {
    throw new Error(`a body that nobody published: ${body.subarray(0, 32).toString("hex")}`);
  }
  const id = body.readUInt32BE(4);
  const sizeBytes = body.readUInt32BE(8);
  if (sizeBytes !== body.length || !body.equals(bodyOf(id, sizeBytes))) {
    throw new Error(`the body of message ${id} (${sizeBytes} B) came back with wrong bytes`);
  }
  return id;
}
