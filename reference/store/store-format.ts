/**
 * Which stores this version reads and writes.
 *
 *    1  the log and two checkpoints
 *    2  ids of erased messages written down by themselves, sorted files, index footers, features
 *
 * Opening a store of format 1 makes it one of format 2: its segments stay as they are, everything new is written as format 2, and a server
 * that only knows format 1 refuses it by its marker. Features are bits in the last word of a segment's header; a record says with the flag
 * of the same name that it is stored so. None exists yet, so whoever needs one is a newer version.
 */
import { StoreError } from "./store-error.ts";

export const storeFormat = 2;

/** Reserved: bit in the header of a segment, and its name. */
const features: readonly (readonly [number, string])[] = [
  [1, "compression"],
  [2, "encryption"],
];

/** Nothing of a file can be read that needs a newer format, or a feature that does not exist yet. */
export function refuseUnreadable(path: string, head: { readonly format: number; readonly features: number }): void {
  if (head.format > storeFormat) {
    throw new StoreError("newer-format", `${path} has format ${head.format}, this server reads up to ${storeFormat}; use a newer server`);
  }
  if (head.features !== 0) {
    const named = features.filter(([bit]) => (head.features & bit) !== 0).map(([, name]) => name);
    const what = named.length > 0 ? named.join(" and ") : `features (${head.features.toString(2)})`;
    throw new StoreError("unsupported-feature", `${path} needs ${what}, which this server does not have yet; use a newer server`);
  }
}
