/** Damage in words: which file, which record, whose message, and what opening the store makes of it. */
import type { FileStoredStream } from "./file-stored-stream.ts";
import { type LoadedStore, sortDamage } from "./load-store.ts";
import { recordKind } from "./record.ts";
import { type LogPosition, orderOf, segmentName, sortedBase } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";
import { logName, sortedName } from "./store-directory.ts";
import { everySubject } from "./subject-filter.ts";

/** First and last of a run of sequences. */
export type SequenceRange = readonly [first: number, last: number];

export interface NamedDamage {
  /** Relative to the store. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** What stood there, as far as it is known. */
  readonly what: string;
  readonly stream?: { readonly account: string; readonly name: string };
  /** Messages that it took, or one of those that it may have taken. */
  readonly sequences?: readonly SequenceRange[];
  /** What opening the store does: repairs it or can do without; loses these messages; loses changes; refuses to open. */
  readonly recovery: "heals" | "loses-messages" | "loses-changes" | "refuses";
  readonly explanation: string;
}

export interface LostRun {
  readonly stream: FileStoredStream;
  readonly range: SequenceRange;
}

const kindNames: Readonly<Record<number, string>> = {
  [recordKind.segment]: "segment header",
  [recordKind.batch]: "batch header",
  [recordKind.message]: "message",
  [recordKind.skip]: "skipped sequence",
  [recordKind.removals]: "list of removed messages",
  [recordKind.floor]: "removal of the oldest messages",
  [recordKind.streamCreate]: "creation of a stream",
  [recordKind.streamConfig]: "configuration of a stream",
  [recordKind.streamDelete]: "deletion of a stream",
  [recordKind.messageIdWindow]: "duplicate window",
  [recordKind.assetCreate]: "creation of a consumer",
  [recordKind.assetRecords]: "changes of a consumer",
  [recordKind.assetDelete]: "deletion of a consumer",
  [recordKind.streamIdentity]: "identity of a stream",
  [recordKind.messageId]: "id of a removed message",
  [recordKind.lastSequences]: "last sequences of streams",
  [recordKind.footer]: "index footer",
  [recordKind.footerEnd]: "end of the index footer",
};

/** What is lost when a record of this kind can't be read and no checkpoint has it. */
const lostChanges: Readonly<Record<number, string>> = {
  [recordKind.removals]: "messages that were removed one by one are back",
  [recordKind.streamConfig]: "the stream goes on with its configuration from before",
  [recordKind.assetCreate]: "the consumer is gone",
  [recordKind.assetRecords]: "the consumer is as it was before: it may deliver again",
};

/** Needs finished streams, as `sortDamage` does. */
export function nameDamage(loaded: LoadedStore): NamedDamage[] {
  const { damage, tornErasures } = sortDamage(loaded);
  const named = new Naming(loaded);
  return [
    ...named.checkpoints(),
    ...[...damage, ...tornErasures.map(({ found }) => found)].sort(inOrder).map((found) => named.of(found)),
    ...named.missing(damage),
  ];
}

export function recordName(kind: number): string {
  return kindNames[kind] ?? `record of kind ${kind}`;
}

export function logFile(segment: number): string {
  return `${segment >= sortedBase ? sortedName : logName}/${segmentName(segment)}`;
}

class Naming {
  readonly #loaded: LoadedStore;
  /** Lost messages that no damaged message record accounts for, with the places of their neighbours. */
  readonly #unexplained: { run: LostRun; after: LogPosition; before: LogPosition }[];

  constructor(loaded: LoadedStore) {
    this.#loaded = loaded;
    this.#unexplained = unexplainedRuns(loaded);
  }

  of(found: Damage): NamedDamage {
    const { segment, offset, bytes, kind } = found;
    const base = { file: logFile(segment), offset, bytes };
    const stored = this.#loaded.store.streams.get(found.stream ?? 0);
    const stream = stored === undefined ? {} : { stream: nameOf(stored) };
    if (kind === undefined) {
      return this.#anonymous(found);
    }
    const what = recordName(kind);
    if (kind === recordKind.message) {
      return { ...base, what, ...stream, ...this.#message(stored, found.sequence ?? 0) };
    }
    if (kind === recordKind.batch || kind === recordKind.segment) {
      return { ...base, what, recovery: "heals", explanation: "it only frames the records around it" };
    }
    const lost = this.#isBeforeCheckpoint(found) ? undefined : lostChanges[kind];
    return lost === undefined
      ? { ...base, what, ...stream, recovery: "heals", explanation: "what it said is known from elsewhere" }
      : { ...base, what, ...stream, recovery: "loses-changes", explanation: lost };
  }

  /** Checkpoints that can't be read, and what is missing because of it. */
  checkpoints(): NamedDamage[] {
    const { damagedCheckpoints, checkpoint, state } = this.#loaded;
    const isMissed = checkpoint === undefined && !state.isWhole;
    return damagedCheckpoints.map((file) => ({
      file,
      offset: 0,
      bytes: 0,
      what: "checkpoint",
      recovery: isMissed ? "loses-changes" : "heals",
      explanation: isMissed
        ? "the beginning of the log is gone, too: consumers are lost, removed messages may be back"
        : checkpoint === undefined
          ? "the log goes back to the beginning and says everything"
          : "the other checkpoint takes over",
    }));
  }

  /** Lost messages for which no damaged place accounts: whole files are missing. */
  missing(damage: readonly Damage[]): NamedDamage[] {
    const { recovered, store } = this.#loaded;
    const found: NamedDamage[] = this.#unexplained
      .filter((one) => !damage.some((place) => place.kind === undefined && isBetween(place, one)))
      .map(({ run, after, before }) => ({
        file: missingFiles(after, before, { present: [...store.log.segments.keys()], sorted: recovered.sorted.missing }),
        offset: 0,
        bytes: 0,
        what: "segment that is not there",
        stream: nameOf(run.stream),
        sequences: [run.range],
        recovery: "loses-messages",
        explanation: "its messages are gone",
      }));
    if (recovered.missingEnd !== undefined) {
      found.push({
        file: logFile(recovered.missingEnd),
        offset: 0,
        bytes: 0,
        what: "segment that is not there",
        recovery: "refuses",
        explanation: "a checkpoint says that the log goes on to it; a server refuses the store, salvage takes what is there",
      });
    }
    return found;
  }

  #message(stored: FileStoredStream | undefined, sequence: number): Pick<NamedDamage, "sequences" | "recovery" | "explanation"> {
    const sequences = [[sequence, sequence]] as const;
    if (stored?.messages.isLost(sequence) === true) {
      return { sequences, recovery: "loses-messages", explanation: "the message is lost" };
    }
    return stored?.messages.has(sequence) === true
      ? { sequences, recovery: "heals", explanation: "the message is stored a second time" }
      : { sequences, recovery: "heals", explanation: "the message had been removed" };
  }

  /** Not even the header can be read: what stood there is told by what is missing. */
  #anonymous(found: Damage): NamedDamage {
    const { segment, offset, bytes } = found;
    const base = { file: logFile(segment), offset, bytes };
    const fitting = this.#unexplained.filter((one) => isBetween(found, one)).map(({ run }) => run);
    const [first] = fitting;
    if (first !== undefined) {
      const sequences = fitting.filter(({ stream }) => stream === first.stream).map(({ range }) => range);
      return {
        ...base,
        what: "message",
        stream: nameOf(first.stream),
        sequences,
        recovery: "loses-messages",
        explanation: "the messages that stood here are lost",
      };
    }
    const isKnown = offset === 0 || this.#isBeforeCheckpoint(found);
    return {
      ...base,
      what: "record",
      recovery: isKnown ? "heals" : "loses-changes",
      explanation: isKnown ? "no message is missing, and a checkpoint knows the rest" : "no message is missing, but a change may be",
    };
  }

  #isBeforeCheckpoint({ segment, offset }: Damage): boolean {
    const { position } = this.#loaded.checkpoint ?? { position: { segment: 0, offset: 0 } };
    return segment < position.segment || (segment === position.segment && offset < position.offset);
  }
}

/** Runs of lost sequences of all streams. */
export function lostRuns(loaded: LoadedStore): LostRun[] {
  const runs: LostRun[] = [];
  for (const stream of loaded.store.streams.values()) {
    for (const range of rangesOf(stream.messages.lostSequences())) {
      runs.push({ stream, range });
    }
  }
  return runs;
}

export function rangesOf(ascending: Iterable<number>): SequenceRange[] {
  const ranges: [number, number][] = [];
  for (const sequence of ascending) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === sequence - 1) {
      last[1] = sequence;
    } else {
      ranges.push([sequence, sequence]);
    }
  }
  return ranges;
}

function unexplainedRuns(loaded: LoadedStore): { run: LostRun; after: LogPosition; before: LogPosition }[] {
  const explained = new Set(
    loaded.recovered.damage.filter(({ kind }) => kind === recordKind.message).map(({ stream, sequence }) => `${stream} ${sequence}`),
  );
  const runs: { run: LostRun; after: LogPosition; before: LogPosition }[] = [];
  for (const stream of loaded.store.streams.values()) {
    const { messages } = stream;
    const unexplained = Array.from(messages.lostSequences()).filter((sequence) => !explained.has(`${stream.id} ${sequence}`));
    for (const range of rangesOf(unexplained)) {
      const [first, last] = range;
      const after = placeOf(stream, messages.previousMatching(everySubject, first - 1)) ?? { segment: 0, offset: 0 };
      const before = placeOf(stream, messages.index.nextStored(last + 1)) ?? { segment: Number.POSITIVE_INFINITY, offset: 0 };
      runs.push({ run: { stream, range }, after, before });
    }
  }
  return runs;
}

function placeOf({ messages }: FileStoredStream, sequence: number): LogPosition | undefined {
  if (sequence === 0) {
    return undefined;
  }
  const { place, offset } = messages.index.placeOf(sequence);
  return { segment: place, offset };
}

function isBetween({ segment, offset }: Damage, { after, before }: { after: LogPosition; before: LogPosition }): boolean {
  const [place, low, high] = [orderOf(segment), orderOf(after.segment), orderOf(before.segment)];
  const isAfter = place > low || (place === low && offset > after.offset);
  return isAfter && (place < high || (place === high && offset < before.offset));
}

function missingFiles(
  after: LogPosition,
  before: LogPosition,
  { present, sorted }: { present: readonly number[]; sorted: readonly number[] },
): string {
  const inLog = present.filter((id) => id < sortedBase);
  const last = Math.min(orderOf(before.segment), Math.max(0, ...inLog) + 1);
  const missing = sorted.map(logFile);
  for (let id = Math.max(0, orderOf(after.segment)) + 1; id < last; id += 1) {
    if (!present.includes(id)) {
      missing.push(logFile(id));
    }
  }
  return missing.length > 0 ? missing.join(" ") : "log";
}

function nameOf({ messages: { account, name } }: FileStoredStream): { account: string; name: string } {
  return { account, name };
}

function inOrder(a: Damage, b: Damage): number {
  return orderOf(a.segment) - orderOf(b.segment) || a.offset - b.offset;
}
