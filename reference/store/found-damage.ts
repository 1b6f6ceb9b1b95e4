/**
 * What becomes of damage that is found while the store is open. Where the segment is still in memory its messages are written once more, to
 * the end of the log; where it is not, those that lay there are lost. What other records said is in memory, and the next checkpoint keeps it.
 */
import type { FileStore } from "./file-store.ts";
import { chunkSequences, lostSubject, slotOf } from "./message-columns.ts";
import type { MessageIndex } from "./message-index.ts";
import { logFile, type NamedDamage, rangesOf, recordName } from "./named-damage.ts";
import { recordKind } from "./record.ts";
import type { ScrubStore } from "./scrub.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./segment-scan.ts";

export class FoundDamage implements ScrubStore {
  readonly #store: FileStore;
  readonly #told: (damage: NamedDamage) => void;

  /** `told` gets the damage in words, once for each stream that lost something. */
  constructor(store: FileStore, told: (damage: NamedDamage) => void) {
    this.#store = store;
    this.#told = told;
  }

  get log(): ScrubStore["log"] {
    return this.#store.log;
  }

  foundDamage(segment: Segment, damage: Damage): void {
    const what = damage.kind === undefined ? "something that is no record any more" : recordName(damage.kind);
    const base = { file: logFile(segment.id), offset: damage.offset, bytes: damage.bytes, what };
    if (this.#store.writeAgain(segment)) {
      this.#told({ ...base, recovery: "heals", explanation: "found by the scrub; it was still in memory and is written again" });
    } else {
      segment.damaged = true;
      this.#lose(segment, damage, base);
    }
    this.#store.checkpointSoon();
  }

  #lose(segment: Segment, damage: Damage, base: Pick<NamedDamage, "file" | "offset" | "bytes" | "what">): void {
    let isLost = false;
    for (const { messages } of this.#store.streams.values()) {
      const sequences = [...sequencesIn(messages.index, segment.id, damage)];
      for (const sequence of sequences) {
        messages.lose(sequence);
      }
      if (sequences.length > 0) {
        isLost = true;
        const stream = { account: messages.account, name: messages.name };
        const explanation = "found by the scrub; they are named as lost";
        this.#told({ ...base, stream, sequences: rangesOf(sequences), recovery: "loses-messages", explanation });
      }
    }
    if (!isLost) {
      const isMessage = damage.kind === undefined || damage.kind === recordKind.message;
      const explanation = isMessage ? "found by the scrub; no stored message lay there" : "found by the scrub; what it said is known";
      this.#told({ ...base, recovery: "heals", explanation });
    }
  }
}

/** Stored messages whose records begin in the damaged stretch. */
function* sequencesIn({ columns, first, last }: MessageIndex, segment: number, { offset, bytes }: Damage): Generator<number> {
  for (let sequence = columns.skipGap(Math.max(1, first)); sequence <= last; ) {
    const { capacity = 0, offset: offsets, place, subject } = columns.chunkOf(sequence) ?? {};
    const slot = slotOf(sequence);
    for (let at = slot; at < capacity; at += 1) {
      const from = offsets?.[at] ?? 0;
      const number = subject?.[at] ?? 0;
      const isStored = number !== 0 && number !== lostSubject;
      if (isStored && place?.[at] === segment && from >= offset && from < offset + bytes) {
        yield sequence + at - slot;
      }
    }
    sequence = columns.skipGap(sequence - slot + chunkSequences);
  }
}
