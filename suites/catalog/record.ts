/** Looking into values of unknown shape: what a person wrote, or what a server sent. */

export type UnknownRecord = Readonly<Record<PropertyKey, unknown>>;

/** A map; a list is none. */
export function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The map, or an empty one: a field of something else is absent. */
export function recordOf(value: unknown): UnknownRecord {
  return isRecord(value) ? value : {};
}

/** A field of a map or an item of a list; undefined for anything that has none of this name. */
export function fieldOf(value: unknown, key: PropertyKey): unknown {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const index = Number(key);
    return Number.isInteger(index) ? list[index] : undefined;
  }
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
