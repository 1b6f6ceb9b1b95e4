/** The disk under the server: full, or read-only, until `release`. */
import { fillDisk as fill, makeDiskReadOnly } from "../../targets/faults/disk-state.ts";
import { verb } from "./verb.ts";

export const fillDisk = verb({
  name: "fill-disk",
  about: "Takes every free block of the disk under the server, until `free-disk`. Needs `disk-full`.",
  fields: {},
  reply: "`happened`, `summary`",
  run: async (_step, { session }) => session.hold("fill-disk", await fill(session.instance)),
});

export const freeDisk = verb({
  name: "free-disk",
  about: "Gives back what `fill-disk` took.",
  fields: {},
  reply: "`happened`, `summary`",
  run: (_step, { session }) => session.release("fill-disk", { withinMs: 0 }),
});

export const readOnly = verb({
  name: "read-only",
  about:
    "Makes the disk under the server read-only. What `release` then undoes only with the server down ends it first. Needs `read-only`.",
  fields: {},
  reply: "`happened`, `summary`",
  run: async (_step, { session }) => session.hold("read-only", await makeDiskReadOnly(session.instance)),
});
