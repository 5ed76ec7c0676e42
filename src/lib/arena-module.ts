// The WebAssembly module that copies and compares inside the arena: what `Arena` has as copy, copyRow and countAlike,
// over an imported memory. Written out as bytes, so that neither a compiler nor a file is needed.

const I32 = 0x7f;
const [TO, FROM, LENGTH] = [0, 1, 2];

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const add = (local: number, value: readonly number[]): number[] => {
  return [...get(local), ...value, 0x6a, ...set(local)];
};
const loop = (body: readonly number[]): number[] => [0x03, 0x40, ...body, 0x0b];
const block = (body: readonly number[]): number[] => [0x02, 0x40, ...body, 0x0b];
const branch = (depth: number): number[] => [0x0c, depth];
const branchIf = (condition: readonly number[], depth: number): number[] => {
  return [...condition, 0x0d, depth];
};
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

/** copyRow(to, toStride, from, fromStride, length, count), with a `count` of 1 at least. */
function copyRow(): number[] {
  const [to, toStride, from, fromStride, length, count] = [0, 1, 2, 3, 4, 5];
  const copy = [...get(to), ...get(from), ...get(length), 0x10, 0];
  return loop([
    ...copy,
    ...add(to, get(toStride)),
    ...add(from, get(fromStride)),
    ...add(count, constant(-1)),
    ...branchIf(get(count), 0),
  ]);
}

/** countAlike(at, stride, length, max), with a `length` of 8 at least. */
function countAlike(): number[] {
  const [at, stride, length, max, next, count, offset] = [0, 1, 2, 3, 4, 5, 6];
  const lastOffset = [...get(length), ...constant(8), 0x6b];
  const longAt = (base: number, place: readonly number[]): number[] => {
    return [...get(base), ...place, 0x6a, ...LONG.load, 0];
  };
  const differsAt = (place: readonly number[]) => [
    ...longAt(at, place),
    ...longAt(next, place),
    0x52,
  ];
  const compare = loop([
    ...branchIf(differsAt(get(offset)), 2),
    ...add(offset, constant(8)),
    ...branchIf([...get(offset), ...lastOffset, 0x49], 0),
  ]);
  const each = loop([
    ...branchIf([...get(count), ...get(max), 0x4f], 1),
    ...add(next, get(stride)),
    // The last bytes differ more often than the first, and may lie over those before them.
    ...branchIf(differsAt(lastOffset), 1),
    ...[...constant(0), ...set(offset)],
    ...compare,
    ...add(count, constant(1)),
    ...branch(0),
  ]);
  return [...get(at), ...set(next), ...block(each), ...get(count)];
}

/** For a memory of exactly `pages`. `small`: copies of up to 128 bytes are done in place, which needs SIMD. */
export function arenaModule(pages: number, small: boolean): Uint8Array<ArrayBuffer> {
  const name = (text: string) => [text.length, ...Buffer.from(text, "latin1")];
  const section = (id: number, bytes: number[]) => [id, ...unsignedLeb128(bytes.length), ...bytes];
  const limits = [...unsignedLeb128(pages), ...unsignedLeb128(pages)];
  const functionType = (parameters: number, results: number): number[] => {
    const all = (count: number) => [count, ...new Array<number>(count).fill(I32)];
    return [0x60, ...all(parameters), ...all(results)];
  };
  const end = 0x0b;
  const body = (locals: number, code: readonly number[]): number[] => {
    const whole = [...(locals === 0 ? [0] : [1, locals, I32]), ...code, end];
    return [...unsignedLeb128(whole.length), ...whole];
  };
  const copy = [...(small ? smallCopies : []), ...memoryCopy];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [3, ...functionType(3, 0), ...functionType(6, 0), ...functionType(4, 1)]),
    ...section(2, [1, ...name("arena"), ...name("memory"), 2, 1, ...limits]),
    ...section(3, [3, 0, 1, 2]),
    ...section(7, [
      3,
      ...[...name("copy"), 0, 0],
      ...[...name("copyRow"), 0, 1],
      ...[...name("countAlike"), 0, 2],
    ]),
    ...section(10, [3, ...body(0, copy), ...body(0, copyRow()), ...body(3, countAlike())]),
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

/** Of a number from -64 on. */
function signedLeb128(value: number): number[] {
  if (value < 0 && value >= -64) return [value & 0x7f];
  const bytes = unsignedLeb128(value);
  const last = bytes.length - 1;
  // Its highest bit would be taken for the sign.
  if ((bytes[last]! & 0x40) !== 0) bytes.splice(last, 1, bytes[last]! | 0x80, 0);
  return bytes;
}
