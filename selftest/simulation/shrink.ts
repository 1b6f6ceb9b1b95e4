/** Makes a failing list of operations short: drops ever smaller pieces as long as any violation stays. */
import type { Operation } from "./operations.ts";

export async function shrink(
  operations: readonly Operation[],
  fails: (shorter: readonly Operation[]) => Promise<boolean>,
): Promise<Operation[]> {
  let kept = [...operations];
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const shorter = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (shorter.length < kept.length && (await fails(shorter))) {
        kept = shorter;
      } else {
        at += size;
      }
    }
  }
  return kept;
}
