// The WebAssembly module that copies inside the arena: one function, copy(to, from, length), over an imported memory.
// Written out as bytes, so that neither a compiler nor a file is needed.

const I32 = 0x7f;
const [TO, FROM, LENGTH] = [0, 1, 2];

const get = (local: number): number[] => [0x20, local];
const constant = (value: number): number[] => [0x41, ...signedLeb128(value)];
const when = (condition: readonly number[], body: readonly number[]): number[] => {
  const [ifVoid, end, leave] = [[0x04, 0x40], 0x0b, 0x0f];
  return [...condition, ...ifVoid, ...body, leave, end];
};
const isMoreThan = (bytes: number): number[] => [...get(LENGTH), ...constant(bytes), 0x4b];
const isAtLeast = (bytes: number): number[] => [...get(LENGTH), ...constant(bytes), 0x4f];
const memoryCopy = [...get(TO), ...get(FROM), ...get(LENGTH), 0xfc, 10, 0, 0];

/** A load or store: its opcode, alignment (none is promised), and the offset from the address on the stack. */
interface Width {
  readonly bytes: number;
  readonly load: readonly number[];
  readonly store: readonly number[];
}
const WORD: Width = { bytes: 4, load: [0x28, 0], store: [0x36, 0] };
const LONG: Width = { bytes: 8, load: [0x29, 0], store: [0x37, 0] };
const VECTOR: Width = { bytes: 16, load: [0xfd, 0x00, 0], store: [0xfd, 0x0b, 0] };

/**
 * Copies `count` pieces from the front and as many from the back, which may lie over each other where the length is
 * no multiple. All are loaded before the first is stored: source and target may overlap.
 */
function pieces(width: Width, count: number): number[] {
  const { bytes, load, store } = width;
  const fromEnd = (base: number, distance: number): number[] => {
    return [...get(base), ...get(LENGTH), 0x6a, ...constant(distance), 0x6b];
  };
  const code: number[] = [];
  for (let i = 0; i < count; i++) code.push(...get(TO), ...get(FROM), ...load, i * bytes);
  for (let i = count; i > 0; i--) {
    code.push(...fromEnd(TO, i * bytes), ...fromEnd(FROM, i * bytes), ...load, 0);
  }
  // The stack gives the last first.
  for (let i = 0; i < count; i++) code.push(...store, 0);
  for (let i = count - 1; i >= 0; i--) code.push(...store, i * bytes);
  return code;
}

/** Small copies, of which a small message needs four, are not worth a call of the system's: 8 ns become 4 to 5. */
const smallCopies = [
  ...when(isMoreThan(128), memoryCopy),
  ...when(isMoreThan(64), pieces(VECTOR, 4)),
  ...when(isMoreThan(32), pieces(VECTOR, 2)),
  ...when(isAtLeast(16), pieces(VECTOR, 1)),
  ...when(isAtLeast(8), pieces(LONG, 1)),
  ...when(isAtLeast(4), pieces(WORD, 1)),
];

/** For a memory of exactly `pages`. `small`: copies of up to 128 bytes are done in place, which needs SIMD. */
export function copyModule(pages: number, small: boolean): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [text.length, ...Buffer.from(text, "latin1")];
  const section = (id: number, bytes: number[]) => [id, ...unsignedLeb128(bytes.length), ...bytes];
  const limits = [...unsignedLeb128(pages), ...unsignedLeb128(pages)];
  const [noLocals, end] = [0, 0x0b];
  const body = [noLocals, ...(small ? smallCopies : []), ...memoryCopy, end];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, I32, 0]),
    ...section(2, [1, ...name("arena"), ...name("memory"), 2, 1, ...limits]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("copy"), 0, 0]),
    ...section(10, [1, ...unsignedLeb128(body.length), ...body]),
  ]);
}

function unsignedLeb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Of a number that is not negative. */
function signedLeb128(value: number): number[] {
  const bytes = unsignedLeb128(value);
  const last = bytes.length - 1;
  // Its highest bit would be taken for the sign.
  if ((bytes[last]! & 0x40) !== 0) bytes.splice(last, 1, bytes[last]! | 0x80, 0);
  return bytes;
}
