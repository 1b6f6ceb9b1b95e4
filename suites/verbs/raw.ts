/**
 * Bytes as they are, over a connection of its own that begins at the server's INFO: for frames that no client would send. `frames` says how
 * many control lines or messages are waited for; fewer are an answer too, once `wait` has passed or the server closed the connection.
 */
import { z } from "zod";
import { count, duration, milliseconds, text } from "./fields.ts";
import { StepInvalid, verb } from "./verb.ts";

export const raw = verb({
  name: "raw",
  about: "Sends bytes and reads frames on a bare connection, kept under `as` within the case; the first frame is INFO.",
  fields: {
    as: text().default("raw"),
    /** Line ends are written out (`"PING\r\n"`). Subjects go out as they are: use some that no other case uses. */
    send: text().optional(),
    hex: z
      .string()
      .regex(/^([0-9a-fA-F]{2}\s*)*$/, "hex digits in pairs")
      .optional(),
    frames: count().default(1),
    wait: duration().default("2s"),
  },
  reply: "`frames: [text]` without line ends (INFO shortened to `INFO`), `closed: true` when the server ended the connection",
  async run(step, { session, timeoutMs }) {
    if (step.send !== undefined && step.hex !== undefined) {
      throw new StepInvalid('step "raw" takes send or hex, not both');
    }
    const connection = await session.rawConnection(step.as);
    if (step.hex !== undefined) {
      connection.send(Buffer.from(step.hex.replaceAll(/\s/g, ""), "hex"));
    } else if (step.send !== undefined) {
      connection.send(Buffer.from(step.send));
    }
    return connection.read({ frames: Number(step.frames), timeoutMs: Math.min(timeoutMs, milliseconds(step.wait)) });
  },
});
