/** What a configuration file says, before anybody knows what it means. Every value knows where it stands. */
import type { ConfigPlace } from "./config-error.ts";

export type ConfValue = ConfString | ConfInteger | ConfFloat | ConfBoolean | ConfDate | ConfArray | ConfMap;

export interface ConfString {
  readonly kind: "string";
  readonly value: string;
  readonly place: ConfigPlace;
}

/** Suffixes such as `64MB` are applied. */
export interface ConfInteger {
  readonly kind: "integer";
  readonly value: number;
  readonly place: ConfigPlace;
}

export interface ConfFloat {
  readonly kind: "float";
  readonly value: number;
  readonly place: ConfigPlace;
}

export interface ConfBoolean {
  readonly kind: "boolean";
  readonly value: boolean;
  readonly place: ConfigPlace;
}

export interface ConfDate {
  readonly kind: "date";
  readonly value: string;
  readonly place: ConfigPlace;
}

export interface ConfArray {
  readonly kind: "array";
  readonly value: readonly ConfValue[];
  readonly place: ConfigPlace;
}

export interface ConfMap {
  readonly kind: "map";
  readonly value: ReadonlyMap<string, ConfEntry>;
  readonly place: ConfigPlace;
}

export interface ConfEntry {
  /** As written. */
  readonly key: string;
  readonly value: ConfValue;
  /** Of the key. */
  readonly place: ConfigPlace;
  /** Used by a `$NAME` below: then it need not be a known setting. */
  isVariable: boolean;
}

export function kindName(value: ConfValue): string {
  return value.kind === "array" ? "an array" : value.kind === "integer" ? "an integer" : `a ${value.kind}`;
}
