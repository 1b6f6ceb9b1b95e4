/** What this machine has of the things a run may need, and what to type for each it lacks. `doctor` shows it. */
import { existsSync } from "node:fs";
import { powerCutLack } from "./capabilities.ts";
import { findExecutable, isOnPath } from "./executable.ts";
import { failureText } from "./failure-text.ts";
import { clockLack } from "./faults/clock-jump.ts";
import { fileLimitLack } from "./faults/file-limit.ts";
import { memoryLimitLack } from "./faults/memory-limit.ts";
import { systemCallsLack } from "./faults/system-calls-probe.ts";
import { findLeftovers } from "./leftovers.ts";
import { builtInTargetFiles, readTargetFile } from "./target-file.ts";
import { fuseLack } from "./volumes/fuse/probe.ts";

export interface MachineFact {
  /** A stable key: `node`, `root`, `loop-device`, … */
  readonly id: string;
  readonly title: string;
  readonly ok: boolean;
  /** What was found, or what is missing. */
  readonly found: string;
  /** What needs it. */
  readonly usedFor: string;
  /** What to type or do when it is missing. */
  readonly advice: string | undefined;
}

const nodeMajorMin = 24;

/** Looks and tries; installs nothing. Leaves nothing behind. */
export async function probeMachine(): Promise<MachineFact[]> {
  const cutLack = await powerCutLack();
  return [
    nodeFact(),
    ...(await executableFacts()),
    programFact({
      id: "go",
      title: "Go",
      program: "go",
      usedFor: "building servers of any version",
      advice: "install Go from https://go.dev/dl",
    }),
    programFact({
      id: "pip",
      title: "pip",
      program: "pip3",
      usedFor: "fetching servers where there is no Go",
      advice: "apt install python3-pip",
    }),
    fact({
      id: "root",
      title: "root",
      ok: process.getuid?.() === 0,
      found: `user id ${process.getuid?.() ?? "unknown"}`,
      usedFor: "power cuts, full and read-only disks (mounting an image), memory limits",
      advice: "run as root: sudo -E npx streamproof …",
    }),
    loopFact(),
    programFact({ id: "ext4", title: "mkfs.ext4", program: "mkfs.ext4", usedFor: "power cuts", advice: "apt install e2fsprogs" }),
    fact({
      id: "power-cut",
      title: "power cuts",
      ok: cutLack === undefined,
      found: cutLack ?? "an image was mounted, snapshotted and swapped",
      usedFor: "durability cases and `crash power-cut`",
      advice: "see the line before, or run in a privileged Linux container",
    }),
    ...(await faultFacts()),
    chromiumFact(),
    leftoverFact(),
  ];
}

interface FaultProbe {
  readonly id: string;
  readonly title: string;
  readonly lack: Promise<string | undefined>;
  /** What was seen when it works. */
  readonly works: string;
  readonly usedFor: string;
  readonly advice: string;
}

/** Faults beyond signals and power cuts; each was tried on a process of this tool. */
async function faultFacts(): Promise<MachineFact[]> {
  const probes: readonly FaultProbe[] = [
    {
      id: "system-calls",
      title: "system calls",
      lack: systemCallsLack(),
      works: "strace started and attached to a process and failed a call",
      usedFor: "kill, error or delay at the n-th write or sync",
      advice: "apt install strace; in a container allow ptrace (--cap-add SYS_PTRACE)",
    },
    {
      id: "memory-limit",
      title: "memory limits",
      lack: memoryLimitLack(),
      works: "a process ran in a control group with a limit",
      usedFor: "little memory, and ends by the kernel",
      advice:
        "run as root where control groups with a memory controller can be made (systemd-run --scope, or a container with --privileged)",
    },
    {
      id: "file-limit",
      title: "file limits",
      lack: fileLimitLack(),
      works: "prlimit took a process's file descriptors",
      usedFor: "few file descriptors",
      advice: "apt install util-linux",
    },
    {
      id: "clock",
      title: "clock jumps",
      lack: clockLack(),
      works: "a program's clock was shifted by an hour",
      usedFor: "clock jumps of servers that ask the C library for the time (not of Go)",
      advice: "apt install libfaketime",
    },
    {
      id: "fuse",
      title: "FUSE",
      lack: fuseLack(),
      works: "a disk of the tool's own was mounted, written and cut",
      usedFor: "faults at single disk operations, counts of syncs, cuts to the byte (volume: fuse)",
      advice: "run as root with /dev/fuse (modprobe fuse; in a container --device /dev/fuse --cap-add SYS_ADMIN)",
    },
  ];
  return Promise.all(
    probes.map(async ({ lack, works, ...rest }) => {
      const reason = await lack;
      return fact({ ...rest, ok: reason === undefined, found: reason ?? works });
    }),
  );
}

function fact({ advice, ...rest }: MachineFact): MachineFact {
  return { ...rest, advice: rest.ok ? undefined : advice };
}

function nodeFact(): MachineFact {
  const major = Number(process.versions.node.split(".")[0]);
  return fact({
    id: "node",
    title: "Node",
    ok: major >= nodeMajorMin,
    found: process.version,
    usedFor: "everything",
    advice: `install Node ${nodeMajorMin}; in a clone, npm ci brings its own`,
  });
}

/** Targets whose executable is looked for by name. */
async function executableFacts(): Promise<MachineFact[]> {
  const files = [...builtInTargetFiles().values()].map(readTargetFile).filter(({ executable }) => executable?.version !== undefined);
  return Promise.all(
    files.map(async (file) => {
      const name = file.executable?.name ?? "";
      const about = { id: `target:${file.target}`, title: file.target, usedFor: `--target ${file.target}` };
      try {
        const { path, version, from } = await findExecutable({ file, install: false });
        return fact({ ...about, ok: true, found: `${version ?? "unknown version"} (${path}, ${from})`, advice: undefined });
      } catch (error) {
        const module = file.executable?.goModule;
        const how = module === undefined ? `put ${name} on PATH` : `go install ${module}@v${file.executable?.version}`;
        return fact({ ...about, ok: false, found: failureText(error).split("\n")[0] ?? "", advice: `${how}, or pass --bin` });
      }
    }),
  );
}

interface Program {
  readonly id: string;
  readonly title: string;
  readonly program: string;
  readonly usedFor: string;
  readonly advice: string;
}

function programFact({ program, ...rest }: Program): MachineFact {
  const ok = isOnPath(program);
  return fact({ ...rest, ok, found: ok ? `${program} is there` : `${program} is not on PATH` });
}

function loopFact(): MachineFact {
  const ok = existsSync("/dev/loop-control");
  return fact({
    id: "loop-device",
    title: "loop devices",
    ok,
    found: ok ? "/dev/loop-control" : "no /dev/loop-control",
    usedFor: "power cuts",
    advice: "load the loop module (modprobe loop), or give the container --privileged",
  });
}

function chromiumFact(): MachineFact {
  const program = ["chromium", "chromium-browser", "google-chrome"].find(isOnPath);
  return fact({
    id: "chromium",
    title: "Chromium",
    ok: program !== undefined,
    found: program ?? "no Chromium on PATH",
    usedFor: "taking a picture of the report",
    advice: "apt install chromium",
  });
}

function leftoverFact(): MachineFact {
  const leftovers = findLeftovers();
  return fact({
    id: "leftovers",
    title: "leftovers of killed runs",
    ok: leftovers.length === 0,
    found: leftovers.length === 0 ? "none" : leftovers.map(({ folder }) => folder).join(", "),
    usedFor: "",
    advice: "streamproof doctor --clean removes them",
  });
}
