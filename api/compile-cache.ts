/**
 * A campaign starts our own server thousands of times, and most of such a start is compiling the same source. Node keeps compiled code where
 * `NODE_COMPILE_CACHE` says, and writes it when a process ends by itself: so one server is started and stopped before the campaign that kills the others.
 */
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeInstanceFolder } from "../targets/instance-folder.ts";
import { forgetLive, keepLive, type Live } from "../targets/live.ts";
import type { Target } from "../targets/target.ts";

const variable = "NODE_COMPILE_CACHE";

/** Servers of other makers, and whoever set the variable already, are left alone. */
export async function withCompileCache<T>(target: Target, run: () => Promise<T>): Promise<T> {
  if (target.key !== "embedded" || process.env[variable] !== undefined) {
    return run();
  }
  const folder = makeInstanceFolder();
  const live: Live = {
    dispose: async () => {
      forgetLive(live);
      await rm(folder, { recursive: true, force: true });
    },
    disposeNow: () => rmSync(folder, { recursive: true, force: true }),
  };
  keepLive(live);
  process.env[variable] = join(folder, "compiled");
  try {
    const first = await target.provision();
    try {
      await first.stop();
    } finally {
      await first.dispose();
    }
    return await run();
  } finally {
    // oxlint-disable-next-line typescript/no-dynamic-delete -- a variable of the environment can be taken away in no other way
    delete process.env[variable];
    await live.dispose();
  }
}
