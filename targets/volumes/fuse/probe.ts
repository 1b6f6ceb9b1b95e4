/** Whether a disk of the tool's own can be mounted here: tried once for real. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOnPath } from "../../executable.ts";
import { failureText } from "../../failure-text.ts";
import { makeInstanceFolder } from "../../instance-folder.ts";
import { forgetLive, keepLive } from "../../live.ts";
import { FuseVolume } from "./volume.ts";

let probe: Promise<string | undefined> | undefined;

/** Why not, and what to do; undefined when it can. */
export function fuseLack(): Promise<string | undefined> {
  probe ??= tryFuse();
  return probe;
}

async function tryFuse(): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "a disk of the tool's own needs Linux and FUSE; run in a Linux machine or a privileged container";
  }
  if (!existsSync("/dev/fuse")) {
    return "a disk of the tool's own needs /dev/fuse; load the fuse module (modprobe fuse), or give the container --device /dev/fuse";
  }
  if (process.getuid?.() !== 0) {
    return "a disk of the tool's own is mounted, which needs root; run as root (sudo)";
  }
  if (!isOnPath("mount") || !isOnPath("umount")) {
    return "a disk of the tool's own needs mount and umount; apt install mount";
  }
  return tryVolume();
}

async function tryVolume(): Promise<string | undefined> {
  const volume = new FuseVolume(makeInstanceFolder());
  keepLive(volume);
  try {
    await volume.create(1024 * 1024);
    const file = join(volume.directory, "probe");
    writeFileSync(file, "synced", { flush: true });
    writeFileSync(file, "written");
    await volume.replaceWith(await volume.snapshot({ keep: "nothing" }));
    const kept = readFileSync(file, "utf8");
    return kept === "synced" ? undefined : `a cut of a disk of the tool's own kept "${kept}" instead of what was synced`;
  } catch (error) {
    return `a disk of the tool's own can't be mounted here (in a container: --device /dev/fuse --cap-add SYS_ADMIN): ${failureText(error)}`;
  } finally {
    await volume.dispose();
    forgetLive(volume);
  }
}
