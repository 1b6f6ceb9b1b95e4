/** The order of sequences as a history holds them: decimal strings without leading zeros, so that the longer one is the greater one. */

export function bySequence(a: { readonly seq: string }, b: { readonly seq: string }): number {
  return compareSequences(a.seq, b.seq);
}

export function compareSequences(a: string, b: string): number {
  if (a.length !== b.length) {
    return a.length - b.length;
  }
  return a < b ? -1 : Number(a > b);
}
