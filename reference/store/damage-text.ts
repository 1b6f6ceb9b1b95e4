/** Named damage as a line for the log, the health page and the tool. */
import type { NamedDamage, SequenceRange } from "./named-damage.ts";

const rangesMax = 20;

export function damageText({ file, offset, bytes, what, stream, sequences, recovery, explanation }: NamedDamage): string {
  const place = bytes > 0 ? `${file} at ${offset}, ${bytes} bytes` : file;
  const whose = stream === undefined ? "" : ` of ${stream.account} > ${stream.name}`;
  const which = sequences === undefined ? "" : ` ${rangesText(sequences)}`;
  return `${place}: ${what}${which}${whose}: ${recovery.replace("-", " ")}: ${explanation}`;
}

/** `5, 9-12`; long lists are cut and say so. */
export function rangesText(ranges: readonly SequenceRange[]): string {
  const shown = ranges.slice(0, rangesMax).map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  return ranges.length > shown.length ? `${shown.join(", ")} and ${ranges.length - shown.length} more stretches` : shown.join(", ");
}
