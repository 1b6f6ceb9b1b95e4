/**
 * What the JetStream core asks of storage. One commit log serves all file streams of a server; a memory stream implements the
 * same `StreamStore`, so both obey one contract test (`stream-store.contract.ts`).
 *
 * Durability in one rule: every change belongs to the *epoch* that is open when it is made. `commit()` at the end of the turn makes
 * the epoch durable (policy `always`: after fdatasync). Output that shows a change may leave the server only when
 * `durableEpoch >= ` the epoch that was open when the output was made.
 *
 * Sequences are `number`s, asserted below 2^53. Times are bigint nanoseconds since 1970.
 */

/** A subject with the bytes it has on the wire; one object per distinct subject, so identity comparison is enough. */
export interface Subject {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** A message on its way in. The views may point into a socket buffer and are only valid during the call. */
export interface MessageInput {
  readonly subject: Subject;
  /** Header block as on the wire (`NATS/1.0\r\n…\r\n\r\n`), empty when there is none. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  readonly timeNs: bigint;
  /** The `Nats-Msg-Id`, when the message takes part in de-duplication: kept durable for the stream's window even after removal. */
  readonly messageId?: string | Uint8Array | undefined;
}

/** A message read back. Reused by the caller; the views are valid until the next read, append or commit of the store. */
export interface MessageView {
  sequence: number;
  timeNs: bigint;
  subject: Subject;
  /** `buffer[headersStart .. payloadStart)` are the headers, `buffer[payloadStart .. payloadEnd)` the payload. */
  buffer: Uint8Array;
  headersStart: number;
  payloadStart: number;
  payloadEnd: number;
}

export interface StreamState {
  readonly messages: number;
  /** Accounted as the official server does: memory subject+headers+payload+16; file subject+payload+30, with headers +4+headers. */
  readonly bytes: number;
  /** An emptied stream has `firstSequence === lastSequence + 1`; a new one has 0 and 0. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** 0n when there is none. `lastTimeNs` survives the removal of the last message. */
  readonly firstTimeNs: bigint;
  readonly lastTimeNs: bigint;
  readonly subjects: number;
  /** Sequences between first and last that are not stored. */
  readonly deleted: number;
}

export interface SubjectState {
  readonly subject: Subject;
  readonly messages: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** A compiled set of filter patterns; an empty set means every subject. */
export interface SubjectFilter {
  readonly patterns: readonly string[];
  matches(subject: string): boolean;
}

export interface StreamStore {
  readonly state: StreamState;
  readonly storage: "file" | "memory";

  /** Stores the message as `lastSequence + 1` and returns that sequence. Limits are the caller's business. */
  append(message: MessageInput): number;
  /** Consumes a sequence without a message (interest retention without interest); `lastTimeNs` advances. */
  skip(timeNs: bigint): number;
  /** Removes one message, or forgives a lost one; false when it is neither stored nor lost. `erase` overwrites the payload once the removal is durable. */
  remove(sequence: number, options?: { erase?: boolean }): boolean;
  /** Removes every message below `sequence`; `lastSequence` stays, `firstSequence` moves up. Returns how many were removed. */
  removeBelow(sequence: number): number;
  /**
   * Purge (ADR-10). `below` is exclusive, `keep` leaves that many newest matching messages.
   * An unfiltered purge of everything leaves `firstSequence = lastSequence + 1`. Returns how many were removed.
   */
  purge(request: { filter?: SubjectFilter; below?: number; keep?: number }): number;
  /**
   * Removes everything and hands out `sequence` next, which is beyond `lastSequence + 1`: what lies between is used up. Times stay.
   * Returns how many were removed.
   */
  continueAt(sequence: number): number;

  has(sequence: number): boolean;
  /** Fills `into`; false when the sequence is not stored. */
  read(sequence: number, into: MessageView): boolean;
  /**
   * Can the stored message be read without holding up the turn for the disk? If not it is being fetched, and `arrived` is called when it has
   * come or could not be read; who then finds it gone again reads it all the same. Each reader brings one function of its own.
   */
  isAtHand(sequence: number, arrived: () => void): boolean;
  /** Accounted bytes of a stored message, 0 when absent. */
  sizeOf(sequence: number): number;
  subjectOf(sequence: number): Subject | undefined;
  timeOf(sequence: number): bigint;

  /**
   * Once this epoch is durable the stored message may be shown: an earlier one than the store's as a rule, so that reading what is durable
   * does not wait for what is being written.
   */
  epochOf(sequence: number): number;
  /** The epoch of the last removal, for what shows that something is not there. */
  readonly removalEpoch: number;

  /** Lowest stored sequence >= `from` that matches, 0 when none. Cheap when called with growing `from`. */
  nextMatching(filter: SubjectFilter, from: number): number;
  /** Highest stored sequence <= `from` that matches, 0 when none. */
  previousMatching(filter: SubjectFilter, from: number): number;
  /** Stored messages with sequence >= `from` that match. */
  countMatching(filter: SubjectFilter, from: number): number;
  /** First stored sequence whose time is >= `timeNs`, or `lastSequence + 1`. */
  sequenceAtTime(timeNs: bigint): number;
  /** State of one literal subject, undefined when no message is stored on it. */
  subjectState(subject: string): SubjectState | undefined;
  /** All subjects that match, unsorted. */
  subjectStates(filter: SubjectFilter): Iterable<SubjectState>;
  /** The missing sequences between first and last, ascending. */
  deletedSequences(): Iterable<number>;

  /**
   * The message should be stored, but damage took it: a read must answer with an error, never with "not found". `has` and `read` say
   * false. Removing it on purpose (by sequence, floor or purge) forgives it.
   */
  isLost(sequence: number): boolean;
  /** The lost sequences from `from` and below `before` (default: all), ascending. Costs nothing when nothing is lost. */
  lostSequences(from?: number, before?: number): Iterable<number>;
}

/**
 * The store of one server: file streams share one log, memory streams live beside it.
 * A stream's `id` is a number the store hands out and never reuses.
 */
export interface Store {
  /** The epoch that changes made now belong to. */
  readonly epoch: number;
  /** Every change of an epoch up to this one is durable (or needs no disk). */
  readonly durableEpoch: number;
  /** A commit that was under way has ended, and `durableEpoch` grew unless it failed: the turn has to end, and `commit` to be called; set once by the server. */
  onDurable: (() => void) | undefined;

  /** The disk has no room for more messages; removals, acknowledgements and configurations are still made durable, from a reserve. */
  readonly isFull?: boolean;

  /**
   * Ends the epoch: one write for each touched segment, one sync if the policy asks. Called by the server at the end of each turn with changes.
   * On a slow disk it only begins that, and `onDurable` tells; until then the next epoch stays open, however often this is called.
   */
  commit(): void;
  /** Bytes held in memory because a commit is still under way; 0 as long as commits block. */
  readonly backlogBytes?: number;
  /** Resolves when the commit that is under way, if there is one, has ended. */
  landing?(): Promise<void>;

  createStream(definition: StreamDefinition): StoredStream;
  /** Bytes held by file streams, files included, and by memory streams (accounted sizes). */
  readonly usage: { readonly fileBytes: number; readonly memoryBytes: number };

  /** Commits, writes a checkpoint and the clean-stop marker, closes files, releases the lock. */
  close(): Promise<void>;
  /** Drops everything that is not committed and closes the files, as a crash would. For embedding and tests. */
  abandon(): void;
}

export interface StreamDefinition {
  readonly account: string;
  readonly name: string;
  readonly storage: "file" | "memory";
  /** First sequence to hand out, default 1. */
  readonly firstSequence?: number;
  readonly createdNs: bigint;
  /** JSON of the stream configuration, opaque to the store. */
  readonly config: Uint8Array;
}

/** A stream with its durable belongings. `records` of an asset are opaque to the store and come back in order after a restart. */
export interface StoredStream {
  readonly id: number;
  readonly messages: StreamStore;
  updateConfig(config: Uint8Array): void;
  /** How long ids of removed messages must come back after a restart (the duplicate window); 0 keeps none. */
  setMessageIdWindow(windowNs: bigint): void;
  /** Deletes the stream with its messages and assets. */
  delete(): void;
  /** A durable object beside the messages: a consumer. `id` is unique in the stream and never reused. */
  createAsset(name: string, definition: Uint8Array): StoredAsset;
}

export interface StoredAsset {
  readonly id: number;
  readonly name: string;
  /** Appends a change record to the current epoch. */
  append(record: Uint8Array): void;
  /** The state that replaces definition and records at the next checkpoint; set by the owner. Must describe the state as of the call. */
  snapshot: () => Uint8Array;
  delete(): void;
}

/** What opening a store finds. */
export interface RecoveredStream {
  readonly definition: StreamDefinition;
  readonly stream: StoredStream;
  readonly assets: readonly RecoveredAsset[];
  /**
   * Message ids seen inside the longest window the store keeps (also of messages removed since), oldest first.
   * The stream layer drops those outside its own window.
   */
  readonly messageIds: readonly { readonly id: string; readonly sequence: number; readonly timeNs: bigint }[];
}

export interface RecoveredAsset {
  readonly asset: StoredAsset;
  /** The last snapshot or, before the first one, the definition. */
  readonly base: Uint8Array;
  readonly baseIs: "definition" | "snapshot";
  readonly records: readonly Uint8Array[];
}
