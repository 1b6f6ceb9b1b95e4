/**
 * A key of a stream as a register: the last message of its subject, known by its revision (the sequence) and its value (the digest). Writes may name
 * the revision they replace, 0 for none; reads show both. Revisions only rise.
 *
 * A write that nobody answered and nobody saw has no known revision. It may have happened or not, and a later write may have replaced it by naming a
 * revision that is nobody else's (`isFree`).
 */

export type RegisterAction =
  /** `isOptional`: may not have happened at all. `revision` is undefined when it is not known. */
  | {
      readonly kind: "write";
      readonly value: string;
      readonly revision: number | undefined;
      readonly expected: number | undefined;
      readonly isFree: boolean;
      readonly isOptional: boolean;
    }
  /** A write that was refused because the last revision was not the expected one. */
  | { readonly kind: "refused"; readonly expected: number }
  /** Revision 0 and an empty value: there was no message. */
  | { readonly kind: "read"; readonly revision: number; readonly value: string };

/** Took effect at one moment between `begin` and `end`, both included; `end` may be infinite. */
export interface RegisterOperation {
  readonly begin: number;
  readonly end: number;
  readonly action: RegisterAction;
}

export interface RegisterState {
  /** The last revision, or, where it is not known, one that it lies above. */
  readonly revision: number;
  readonly isKnown: boolean;
  readonly value: string;
}

export const emptyRegister: RegisterState = { revision: 0, isKnown: true, value: "" };

/** The state after the action took effect, or undefined when it can't in this state. */
export function step(state: RegisterState, action: RegisterAction): RegisterState | undefined {
  switch (action.kind) {
    case "read":
      return state.isKnown && state.revision === action.revision && state.value === action.value ? state : undefined;
    case "refused":
      return state.isKnown && state.revision === action.expected ? undefined : state;
    default:
      return write(state, action);
  }
}

function write(state: RegisterState, action: Extract<RegisterAction, { kind: "write" }>): RegisterState | undefined {
  const { value, revision, expected, isFree } = action;
  const isExpected = state.isKnown ? expected === state.revision : isFree && expected !== undefined && expected > state.revision;
  if (expected !== undefined && !isExpected) {
    return undefined;
  }
  const above = state.isKnown ? state.revision : (expected ?? state.revision);
  if (revision === undefined) {
    return { revision: above, isKnown: false, value };
  }
  return revision > above ? { revision, isKnown: true, value } : undefined;
}

export function stateKey({ revision, isKnown, value }: RegisterState): string {
  return `${revision} ${isKnown ? "=" : ">"} ${value}`;
}
