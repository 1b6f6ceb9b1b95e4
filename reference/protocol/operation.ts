/** The verbs a client may send, recognised byte by byte: case does not matter, and a prefix of a verb is not yet an error. */

export const Operation = {
  publish: 1,
  headerPublish: 2,
  subscribe: 3,
  unsubscribe: 4,
  connect: 5,
  ping: 6,
  pong: 7,
  info: 8,
  ok: 9,
  error: 10,
} as const;

export type OperationCode = (typeof Operation)[keyof typeof Operation];

/** More bytes are needed to tell. */
export const OPERATION_PARTIAL = 0;
export const OPERATION_UNKNOWN = -1;

interface Verb {
  readonly code: OperationCode;
  /** In lower case. */
  readonly bytes: Uint8Array;
  /** A blank must follow before the arguments (CONNECT, INFO and the bare verbs take anything). */
  readonly blankFollows: boolean;
}

function verb(code: OperationCode, text: string, blankFollows: boolean): Verb {
  return { code, bytes: Buffer.from(text, "latin1"), blankFollows };
}

const VERBS: readonly Verb[] = [
  verb(Operation.publish, "pub", true),
  verb(Operation.headerPublish, "hpub", true),
  verb(Operation.subscribe, "sub", true),
  verb(Operation.unsubscribe, "unsub", true),
  verb(Operation.connect, "connect", false),
  verb(Operation.ping, "ping", false),
  verb(Operation.pong, "pong", false),
  verb(Operation.info, "info", false),
  verb(Operation.ok, "+ok", false),
  verb(Operation.error, "-err", true),
];

const LENGTHS: readonly number[] = VERBS.reduce<number[]>((lengths, each) => {
  lengths[each.code] = each.bytes.length + (each.blankFollows ? 1 : 0);
  return lengths;
}, []);

/** How many bytes the verb takes, the blank that must follow it included. */
export function operationLength(code: OperationCode): number {
  return LENGTHS[code]!;
}

export type OperationResult = OperationCode | typeof OPERATION_PARTIAL | typeof OPERATION_UNKNOWN;

export function operationAt(bytes: Uint8Array, start: number, end: number): OperationResult {
  // Publishing is what a server does all day.
  if (end - start > 3 && bytes[start] === 0x50 && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x42 && bytes[start + 3] === 0x20) {
    return Operation.publish;
  }
  if (end - start > 4 && bytes[start] === 0x48 && bytes[start + 1] === 0x50 && bytes[start + 2] === 0x55 && bytes[start + 3] === 0x42) {
    return bytes[start + 4] === 0x20 || bytes[start + 4] === 0x09 ? Operation.headerPublish : OPERATION_UNKNOWN;
  }
  let partial = false;
  for (const each of VERBS) {
    const matched = matchedLength(each.bytes, bytes, start, end);
    if (matched < each.bytes.length) {
      partial ||= start + matched === end;
      continue;
    }
    if (!each.blankFollows) {
      return each.code;
    }
    if (start + matched === end) {
      return OPERATION_PARTIAL;
    }
    const next = bytes[start + matched];
    return next === 0x20 || next === 0x09 ? each.code : OPERATION_UNKNOWN;
  }
  return partial ? OPERATION_PARTIAL : OPERATION_UNKNOWN;
}

function matchedLength(verbBytes: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  let matched = 0;
  while (matched < verbBytes.length && start + matched < end && lowerCase(bytes[start + matched]!) === verbBytes[matched]) {
    matched++;
  }
  return matched;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
