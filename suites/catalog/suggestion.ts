/** Finds the word a person probably meant. Only near misses count: a far-fetched suggestion is worse than none. */

export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, the list of what is allowed when it is short, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const list = [...candidates];
  const best = nearest(word, list);
  if (best !== undefined) {
    return `; did you mean "${best}"?`;
  }
  return list.length > 0 && list.length <= 30 ? `; allowed: ${list.sort().join(", ")}` : "";
}

/** Edits with transposition counted as one, since swapped letters are the commonest typo. */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(twoBack, j - 2) + 1);
      }
      current.push(cost);
    }
    twoBack = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
