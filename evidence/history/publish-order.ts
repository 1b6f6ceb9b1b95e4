/**
 * How many publishes, and how many bytes, may stand behind an acknowledged one in its stream. Acknowledged publishes are ordered by sequence;
 * an unanswered one counts as behind everything it did not precede. Both err towards "behind", so that a limit never turns into a loss.
 */
import type { AcknowledgedPublish, OperationOf, OperationRecord } from "./operation-record.ts";

type Publish = OperationRecord<OperationOf<"publish">>;

/** Room for what a server counts beside headers, payload and subject of one message; generous for the same reason. */
const messageOverheadBytesMax = 64;

export class PublishOrder {
  readonly #sequences: BigUint64Array;
  /** `#bytesFrom[i]`: bytes of the publishes at and behind position i; NaN as soon as one size is unknown. */
  readonly #bytesFrom: Float64Array;
  readonly #unanswered: readonly Publish[];

  constructor(publishes: readonly Publish[]) {
    const stored = publishes.filter((each) => each.duplicate !== true && each.outcome !== "fail");
    const placed = stored.filter((each) => each.seq !== undefined).map((each) => ({ seq: BigInt(each.seq ?? 0), bytes: bytesOf(each) }));
    placed.sort((a, b) => (a.seq < b.seq ? -1 : 1));
    this.#sequences = BigUint64Array.from(placed, (each) => each.seq);
    this.#bytesFrom = new Float64Array(placed.length + 1);
    for (let index = placed.length - 1; index >= 0; index -= 1) {
      this.#bytesFrom[index] = (this.#bytesFrom[index + 1] ?? 0) + (placed[index]?.bytes ?? 0);
    }
    this.#unanswered = stored.filter((each) => each.seq === undefined);
  }

  countBehind(ack: AcknowledgedPublish): number {
    return this.#sequences.length - this.#positionBehind(ack) + this.#unansweredBehind(ack).length;
  }

  /** Bytes behind `ack` and of itself; undefined when a size is not in the history. */
  bytesFrom(ack: AcknowledgedPublish): number | undefined {
    const behind = this.#bytesFrom[this.#positionBehind(ack)] ?? 0;
    const unanswered = this.#unansweredBehind(ack).reduce((sum, each) => sum + bytesOf(each), 0);
    const total = behind + unanswered + bytesOf(ack);
    return Number.isNaN(total) ? undefined : total;
  }

  #unansweredBehind(ack: AcknowledgedPublish): Publish[] {
    return this.#unanswered.filter((each) => each.end >= ack.begin);
  }

  #positionBehind(ack: AcknowledgedPublish): number {
    const seq = BigInt(ack.seq);
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] ?? 0n) > seq) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}

function bytesOf(publish: Publish): number {
  return (publish.op.bytes ?? Number.NaN) + publish.op.subject.length + messageOverheadBytesMax;
}
