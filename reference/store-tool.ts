/** The store tool as a process: `streamproof store …` starts it, like the server, as a program of its own. */
import { writeSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { systemClock } from "./io/clock.ts";
import { systemDisk } from "./io/disk.ts";
import { systemRandom } from "./io/random.ts";
import { runStoreTool, toolExit } from "./store-tool/store-tool.ts";

const isWatched = process.stderr.isTTY;
let shown = 0;

try {
  process.exitCode = await runStoreTool(process.argv.slice(2), {
    disk: systemDisk,
    clock: systemClock(),
    random: systemRandom(),
    // Written at once: a dump of gigabytes must not pile up in memory when its reader is slow.
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    absolute: (path) => resolve(path),
    ...(isWatched ? { progress } : {}),
  });
} catch (error) {
  // Without this Node would end with 1, which means damage.
  writeAll(2, `streamproof store: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = toolExit.unreadable;
}

function progress(line: string): void {
  process.stderr.write(`\r${line.padEnd(shown)}${line === "" ? "\r" : ""}`);
  shown = line.length;
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") {
        // The reader has seen enough.
        process.exit();
      }
      if (code !== "EAGAIN") {
        throw error;
      }
      pause();
    }
  }
}

/** A pipe that is full says EAGAIN; its reader needs a moment. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
