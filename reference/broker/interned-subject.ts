/** A subject seen on the wire: its bytes once, its text when somebody asks, and what the subscription index last found for it. */
import type { Subject } from "../store/stream-store.ts";
import { type Matches, NO_MATCHES } from "./subscription.ts";

export class InternedSubject implements Subject {
  readonly bytes: Buffer;
  readonly hash: number;
  matches: Matches = NO_MATCHES;
  /** The index's stamp for which `matches` holds; -1 = not looked up yet. */
  matchesStamp = -1;
  /** Which of the index's generations the first token belongs to. */
  readonly bucket: number;
  #text: string | undefined;

  constructor(bytes: Buffer, hash: number, bucket: number) {
    this.bytes = bytes;
    this.hash = hash;
    this.bucket = bucket;
  }

  get text(): string {
    this.#text ??= this.bytes.toString("utf8");
    return this.#text;
  }
}
