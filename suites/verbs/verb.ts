/**
 * What a verb is. A verb does one thing to the server and gives back what came of it as plain data for `expect`. An error reply is a reply;
 * only silence past the deadline or a lost connection fails the step (as a `WireError`).
 */
import { z } from "zod";
import { strict } from "../catalog/validation.ts";
import type { Names } from "../runner/names.ts";
import type { Session } from "../runner/session.ts";

export interface VerbContext {
  readonly session: Session;
  readonly names: Names;
  /** Which connection of the case the step uses. */
  readonly connection: string;
  /** How long this step may still take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Verb {
  readonly name: string;
  readonly about: string;
  readonly fields: z.ZodObject;
  /** What the reply holds, for the verb table. */
  readonly reply: string;
  /** Statuses that are an ordinary end and no error, besides those below 400. */
  readonly ordinaryStatuses: readonly number[];
  run(step: unknown, context: VerbContext): Promise<unknown>;
}

export function verb<Shape extends z.ZodRawShape>(definition: {
  name: string;
  about: string;
  fields: Shape;
  reply: string;
  ordinaryStatuses?: readonly number[];
  run(step: z.infer<z.ZodObject<Shape, z.core.$strict>>, context: VerbContext): Promise<unknown>;
}): Verb {
  const fields = strict(definition.fields);
  return {
    name: definition.name,
    about: definition.about,
    fields,
    reply: definition.reply,
    ordinaryStatuses: definition.ordinaryStatuses ?? [],
    run: async (step, context) => {
      // Variables have been replaced: what an earlier reply put in must be of the right kind, too.
      const parsed = fields.safeParse(step);
      if (!parsed.success) {
        throw new StepInvalid(`step "${definition.name}": ${z.prettifyError(parsed.error)}`);
      }
      return definition.run(parsed.data, context);
    },
  };
}

/** A variable put a value of the wrong kind into a step. */
export class StepInvalid extends Error {
  override readonly name = "StepInvalid";
  readonly code = "STEP_INVALID";
}
