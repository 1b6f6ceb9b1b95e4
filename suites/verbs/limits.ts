/** Little memory, few open files. */
import { z } from "zod";
import { limitFiles } from "../../targets/faults/file-limit.ts";
import { type StartedWithin, startWithinMemory } from "../../targets/faults/memory-limit.ts";
import { parseSize } from "../catalog/quantities.ts";
import { count, text } from "./fields.ts";
import { StepInvalid, verb } from "./verb.ts";

export const fileLimit = verb({
  name: "file-limit",
  about: "Lets the server have no more than `count` open files and connections, until `release`. Needs `file-limit`.",
  fields: { count: count() },
  reply: "`happened`, `summary`",
  run: async (step, { session }) => session.hold("file-limit", await limitFiles(session.instance, { count: Number(step.count) })),
});

export const memoryLimit = verb({
  name: "memory-limit",
  about:
    "Stops the server and starts it within so much memory, until `release`. The reply says whether it got ready; `squeeze` then lowers the limit to what it uses. Needs `memory-limit`.",
  fields: { size: text(), squeeze: z.boolean().default(false) },
  reply: "`ready`, `happened` (the kernel ended it), `summary`",
  async run(step, { session }) {
    const bytes = parseSize(step.size);
    if (bytes === undefined) {
      throw new StepInvalid(`step "memory-limit": "${step.size}" is no size such as 64MiB`);
    }
    let started: StartedWithin | undefined;
    await session.fault(
      "memory-limit",
      (instance) => instance.stop(),
      async (instance) => {
        started = await startWithinMemory(instance, { bytes });
      },
    );
    if (started === undefined) {
      throw new StepInvalid('step "memory-limit": the server was not started');
    }
    const evidence = session.hold("memory-limit", started.armed);
    return { ready: started.readyAfterMs !== undefined, ...(step.squeeze ? started.armed.squeeze() : evidence) };
  },
});
