/** Comparison of secrets in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";

export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** Digests have equal length, so that the comparison doesn't tell the secret's. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
