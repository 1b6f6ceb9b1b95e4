/**
 * The WebAssembly module behind `checksum.ts`, assembled here instruction by instruction: xxh64 for lengths that are multiples of 8, and
 * sealing and checking of records where they lie. Written by hand because every published build copies its input into its own memory
 * first; here the memory is the segment buffer itself.
 */
const prime1 = 0x9e37_79b1_85eb_ca87n;
const prime2 = 0xc2b2_ae3d_27d4_eb4fn;
const prime3 = 0x1656_67b1_9e37_79f9n;
const prime4 = 0x85eb_ca77_c2b2_ae63n;
const prime5 = 0x27d4_eb2f_1656_67c5n;

const i32 = 0x7f;
const i64 = 0x7e;
const noResult = 0x40;
const end = 0x0b;
const i32Add = 0x6a;
const i32Sub = 0x6b;
const i32IsZero = 0x45;
const i32Equal = 0x46;
const i32LessUnsigned = 0x49;
const i32LessEqualUnsigned = 0x4d;
const i64Equal = 0x51;
const add = 0x7c;
const subtract = 0x7d;
const multiply = 0x7e;
const or = 0x84;
const xor = 0x85;
const shiftLeft = 0x86;
const shiftRight = 0x88;
const rotateLeft = 0x89;
const widen = 0xad;
const narrow = 0xa7;

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const word = (value: number) => [0x41, ...signed(BigInt(value))];
const long = (value: bigint) => [0x42, ...signed(BigInt.asIntN(64, value))];
const load32 = (offset: number) => [0x28, 0, offset];
const load64 = (offset: number) => [0x29, 0, offset];
const store32 = (offset: number) => [0x36, 0, offset];
const store64 = (offset: number) => [0x37, 0, offset];
const call = (index: number) => [0x10, index];
const loop = (...body: number[][]) => [0x03, noResult, ...body.flat(), end];
const when = (...body: number[][]) => [0x04, noResult, ...body.flat(), end];
const againIf = [0x0d, 0];

// xxh64(0 pointer, 1 length, 2 seed); locals 3 stop, 4..7 accumulators, 8 hash.
const [pointer, length, seed, stop, hash] = [0, 1, 2, 3, 8];
const accumulators = [4, 5, 6, 7];

const scramble = (input: number[]) => [...input, ...long(prime2), multiply, ...long(31n), rotateLeft, ...long(prime1), multiply];
const stripe = (accumulator: number, offset: number) => [
  ...get(accumulator),
  ...get(pointer),
  ...load64(offset),
  ...long(prime2),
  multiply,
  add,
  ...long(31n),
  rotateLeft,
  ...long(prime1),
  multiply,
  ...set(accumulator),
];
const advance = (bytes: number) => [...get(pointer), ...word(bytes), i32Add, ...set(pointer)];
const merge = (accumulator: number) => [
  ...get(hash),
  ...scramble(get(accumulator)),
  xor,
  ...long(prime1),
  multiply,
  ...long(prime4),
  add,
  ...set(hash),
];
const fold = (shift: bigint, prime?: bigint) => [
  ...get(hash),
  ...get(hash),
  ...long(shift),
  shiftRight,
  xor,
  ...(prime === undefined ? [] : [...long(prime), multiply]),
  ...set(hash),
];

const xxh64 = [
  [...get(pointer), ...get(length), i32Add, ...set(stop)],
  [...get(seed), ...long(prime5), add, ...set(hash)],
  [...word(31), ...get(length), i32LessUnsigned],
  when(
    [...get(seed), ...long(prime1 + prime2), add, ...set(4)],
    [...get(seed), ...long(prime2), add, ...set(5)],
    [...get(seed), ...set(6)],
    [...get(seed), ...long(prime1), subtract, ...set(7)],
    loop(...accumulators.map((accumulator, lane) => stripe(accumulator, lane * 8)), advance(32), [
      ...get(pointer),
      ...word(32),
      i32Add,
      ...get(stop),
      i32LessEqualUnsigned,
      ...againIf,
    ]),
    [...get(4), ...long(1n), rotateLeft, ...get(5), ...long(7n), rotateLeft, add],
    [...get(6), ...long(12n), rotateLeft, add, ...get(7), ...long(18n), rotateLeft, add, ...set(hash)],
    ...accumulators.map(merge),
  ),
  [...get(hash), ...get(length), widen, add, ...set(hash)],
  [...get(pointer), ...get(stop), i32LessUnsigned],
  when(
    loop(
      [...get(hash), ...scramble([...get(pointer), ...load64(0)]), xor],
      [...long(27n), rotateLeft, ...long(prime1), multiply, ...long(prime4), add, ...set(hash)],
      advance(8),
      [...get(pointer), ...get(stop), i32LessUnsigned, ...againIf],
    ),
  ),
  fold(33n, prime2),
  fold(29n, prime3),
  fold(32n),
  get(hash),
];

const seedOf = (segment: number, offset: number) => [...get(segment), widen, ...long(32n), shiftLeft, ...get(offset), widen, or];
/** The header is hashed with its own checksum field read as zero; the upper half of the hash is kept. */
const headerHash = (segment: number, offset: number) => [
  ...get(0),
  ...word(0),
  ...store32(8),
  ...get(0),
  ...word(48),
  ...seedOf(segment, offset),
  ...call(0),
  ...long(32n),
  shiftRight,
  narrow,
];
const bodyHash = [...get(0), ...get(1), ...word(8), i32Sub, ...seedOf(2, 3), ...call(0)];

// seal(0 pointer, 1 length, 2 segment, 3 offset); local 4 header checksum.
const seal = [
  [...headerHash(2, 3), ...set(4)],
  [...get(0), ...get(4), ...store32(8)],
  [...get(0), ...get(1), i32Add, ...word(8), i32Sub, ...bodyHash, ...store64(0)],
];

// headerIsSound(0 pointer, 1 segment, 2 offset) → 0 or 1; locals 3 stored, 4 computed.
const headerIsSound = [
  [...get(0), ...load32(8), ...set(3)],
  [...headerHash(1, 2), ...set(4)],
  [...get(0), ...get(3), ...store32(8)],
  [...get(3), ...get(4), i32Equal],
];

// isSound(0 pointer, 1 length, 2 segment, 3 offset) → 0 or 1.
const isSound = [[...bodyHash, ...get(0), ...get(1), i32Add, ...word(8), i32Sub, ...load64(0), i64Equal]];

// soundUntil(0 pointer, 1 end, 2 segment, 3 offset) → where the first record begins that is not sound, `end` when all are; local 4 length.
const exitIf = [0x0d, 1];
const soundUntil = [
  [0x02, noResult, 0x03, noResult],
  [...get(1), ...get(0), i32Sub, ...word(56), i32LessUnsigned, ...exitIf],
  [...get(0), ...get(2), ...get(3), ...call(2), i32IsZero, ...exitIf],
  [...get(0), ...load32(4), ...set(4)],
  [...get(4), ...word(56), i32LessUnsigned, ...exitIf],
  [...get(1), ...get(0), i32Sub, ...get(4), i32LessUnsigned, ...exitIf],
  [...get(0), ...get(4), ...get(2), ...get(3), ...call(3), i32IsZero, ...exitIf],
  [...get(0), ...get(4), i32Add, ...set(0), ...get(3), ...get(4), i32Add, ...set(3)],
  [0x0c, 0, end, end],
  get(0),
];

const moduleHeader = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export const checksumModule = new Uint8Array([
  ...moduleHeader,
  ...section(1, [
    [0x60, 3, i32, i32, i64, 1, i64],
    [0x60, 4, i32, i32, i32, i32, 0],
    [0x60, 3, i32, i32, i32, 1, i32],
    [0x60, 4, i32, i32, i32, i32, 1, i32],
  ]),
  ...section(2, [[...text("log"), ...text("memory"), 0x02, 0x00, 1]]),
  ...section(3, [[0], [1], [2], [3], [3]]),
  ...section(7, [
    [...text("hash"), 0, 0],
    [...text("seal"), 0, 1],
    [...text("headerIsSound"), 0, 2],
    [...text("isSound"), 0, 3],
    [...text("soundUntil"), 0, 4],
  ]),
  ...section(10, [
    code([1, i32, 5, i64], xxh64),
    code([1, i32], seal),
    code([2, i32], headerIsSound),
    code([], isSound),
    code([1, i32], soundUntil),
  ]),
]);

function section(id: number, entries: number[][]): number[] {
  const body = [...unsigned(entries.length), ...entries.flat()];
  return [id, ...unsigned(body.length), ...body];
}

function code(locals: number[], instructions: number[][]): number[] {
  const body = [locals.length / 2, ...locals, ...instructions.flat(), end];
  return [...unsigned(body.length), ...body];
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}

function unsigned(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >>> 7;
  return rest === 0 ? [low] : [low | 0x80, ...unsigned(rest)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return last ? [low] : [low | 0x80, ...signed(rest)];
}
