/**
 * Finds a server's executable: the path given, PATH at the wanted version, the tool's cache, then built or downloaded into the cache
 * (`go install`, then the Python package). The version is what the executable itself says; a name proves nothing.
 */
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { failureText } from "./failure-text.ts";
import { TargetError } from "./target.ts";
import type { TargetFile } from "./target-file.ts";
import { findVersion, plainVersion } from "./versions.ts";

export interface FoundExecutable {
  readonly path: string;
  /** undefined when it does not say. */
  readonly version: string | undefined;
  readonly from: "given" | "PATH" | "cache" | "go install" | "Python package";
}

export interface Wanted {
  readonly file: TargetFile;
  /** `NAME@VERSION`; undefined takes any on PATH. */
  readonly version?: string | undefined;
  /** `--bin`. */
  readonly given?: string | undefined;
  /** Set to false to look only, as `doctor` does. */
  readonly install?: boolean;
}

const askTimeoutMs = 10_000;
const installTimeoutMs = 300_000;

type ExecutableSection = NonNullable<TargetFile["executable"]>;

/** Rejects with `TARGET_EXECUTABLE_NOT_FOUND`, saying what was tried and what to do. */
export async function findExecutable(wanted: Wanted): Promise<FoundExecutable> {
  const section = wanted.file.executable;
  if (section === undefined) {
    throw new TargetError(
      "TARGET_EXECUTABLE_NOT_FOUND",
      `target "${wanted.file.target}" names its own executable; --bin does not apply to it`,
    );
  }
  if (wanted.given !== undefined) {
    return useGiven(wanted, section, wanted.given);
  }
  const tried: string[] = [];
  const found =
    (await fromPath(section, wanted.version, tried)) ??
    (await fromCache(section, wanted.version, tried)) ??
    (wanted.install === false ? undefined : await fromGo(section, wanted.version, tried)) ??
    (wanted.install === false ? undefined : await fromPython(section, wanted.version, tried));
  if (found === undefined) {
    throw notFound(wanted, section, tried);
  }
  return found;
}

async function useGiven(wanted: Wanted, section: ExecutableSection, path: string): Promise<FoundExecutable> {
  const title = `target "${wanted.file.target}"`;
  if (!isExecutableFile(path)) {
    const why = existsSync(path) ? "is not an executable file" : "does not exist";
    throw new TargetError("TARGET_EXECUTABLE_NOT_FOUND", `${title}: ${path} ${why}`);
  }
  const version = await askVersion(path, section);
  if (wanted.version !== undefined && !sameVersion(version, wanted.version)) {
    const says = `${title}: ${path} says it is version ${version ?? "unknown"}, not ${wanted.version}; leave the version out to take it as it is`;
    throw new TargetError("TARGET_EXECUTABLE_NOT_FOUND", says);
  }
  return { path, version, from: "given" };
}

async function fromPath(section: ExecutableSection, wanted: string | undefined, tried: string[]): Promise<FoundExecutable | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const path = join(folder, section.name);
    if (!isExecutableFile(path)) {
      continue;
    }
    const version = await askVersion(path, section);
    if (wanted === undefined || sameVersion(version, wanted)) {
      return { path, version, from: "PATH" };
    }
    tried.push(`${path} is version ${version ?? "unknown"}`);
  }
  if (tried.length === 0) {
    tried.push(`\`${section.name}\` is not on PATH`);
  }
  return undefined;
}

async function fromCache(section: ExecutableSection, wanted: string | undefined, tried: string[]): Promise<FoundExecutable | undefined> {
  const version = wanted ?? section.version;
  if (version === undefined) {
    return undefined;
  }
  const path = cachedPath(section, version);
  if (!isExecutableFile(path)) {
    tried.push(`${path} is not there`);
    return undefined;
  }
  return sameVersion(await askVersion(path, section), version) ? { path, version: plainVersion(version), from: "cache" } : undefined;
}

async function fromGo(section: ExecutableSection, wanted: string | undefined, tried: string[]): Promise<FoundExecutable | undefined> {
  const version = wanted ?? section.version;
  const module = section.goModule;
  if (version === undefined || module === undefined) {
    return undefined;
  }
  if (!isOnPath("go")) {
    tried.push("Go is not installed");
    return undefined;
  }
  return intoCache({ section, version, from: "go install", tried }, async (folder) => {
    const GOBIN = folder;
    await execa("go", ["install", `${module}@v${plainVersion(version)}`], { env: { GOBIN }, cwd: folder, timeout: installTimeoutMs });
    return join(folder, section.name);
  });
}

async function fromPython(section: ExecutableSection, wanted: string | undefined, tried: string[]): Promise<FoundExecutable | undefined> {
  const version = wanted ?? section.version;
  const wheel = section.pythonPackage;
  if (version === undefined || wheel === undefined) {
    return undefined;
  }
  const pip = ["pip3", "pip"].find(isOnPath);
  if (pip === undefined) {
    tried.push("pip is not installed");
    return undefined;
  }
  return intoCache({ section, version, from: "Python package", tried }, async (folder) => {
    const args = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", folder, `${wheel}==${plainVersion(version)}`];
    await execa(pip, args, { timeout: installTimeoutMs });
    const carried = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name === section.name,
    );
    // The package also installs a small script of the same name; the server itself is the largest.
    const paths = carried.map((entry) => join(entry.parentPath, entry.name));
    const [largest] = paths.sort((left, right) => statSync(right).size - statSync(left).size);
    if (largest === undefined) {
      throw new Error(`the package ${wheel} does not carry ${section.name}`);
    }
    return largest;
  });
}

interface Installation {
  readonly section: ExecutableSection;
  readonly version: string;
  readonly from: FoundExecutable["from"];
  readonly tried: string[];
}

/** Makes the executable in a folder of its own and moves it into place in one step, so that no other run sees half of it. */
async function intoCache(
  { section, version, from, tried }: Installation,
  make: (folder: string) => Promise<string>,
): Promise<FoundExecutable | undefined> {
  const path = cachedPath(section, version);
  await mkdir(cacheRoot(), { recursive: true });
  const folder = await mkdtemp(join(cacheRoot(), ".making-"));
  try {
    const made = await make(folder);
    const actual = await askVersion(made, section);
    if (!sameVersion(actual, version)) {
      tried.push(`${from} gave version ${actual ?? "unknown"} instead of ${version}`);
      return undefined;
    }
    const ready = join(folder, "ready");
    await copyFile(made, ready);
    await chmod(ready, 0o755);
    await mkdir(dirname(path), { recursive: true });
    await rename(ready, path);
    return { path, version: plainVersion(version), from };
  } catch (error) {
    tried.push(`${from} failed: ${failureText(error)}`);
    return undefined;
  } finally {
    // Go keeps some of what it downloads write-protected; it is not put here, but a failure to tidy up is no failure to find.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** `$XDG_CACHE_HOME/streamproof/bin`. */
export function cacheRoot(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "streamproof", "bin");
}

function cachedPath(section: ExecutableSection, version: string): string {
  return join(cacheRoot(), section.name, plainVersion(version), section.name);
}

function sameVersion(found: string | undefined, wanted: string): boolean {
  return found !== undefined && plainVersion(found) === plainVersion(wanted);
}

async function askVersion(path: string, section: ExecutableSection): Promise<string | undefined> {
  const result = await execa(path, section.versionArguments, {
    reject: false,
    timeout: askTimeoutMs,
    maxBuffer: 64 * 1024,
    all: true,
    stdin: "ignore",
  });
  return findVersion(result.all);
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function isOnPath(program: string): boolean {
  // Root's administrative programs stand there, also where PATH leaves these folders out.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => folder !== "" && isExecutableFile(join(folder, program)));
}

function notFound({ file, version }: Wanted, section: ExecutableSection, tried: readonly string[]): TargetError {
  const name = version === undefined ? section.name : `${section.name} ${version}`;
  const ways = [
    section.goModule === undefined || isOnPath("go") ? undefined : "install Go",
    section.pythonPackage === undefined || isOnPath("pip3") ? undefined : "install pip",
    `put ${name} on PATH`,
    `pass --bin /path/to/${section.name}`,
  ].filter((way) => way !== undefined);
  const lines = [
    `target "${file.target}": ${name} was not found.`,
    ...tried.map((each) => `  ${each}`),
    `One of these helps: ${ways.join("; ")}.`,
    "`streamproof doctor` shows what this machine has.",
  ];
  return new TargetError("TARGET_EXECUTABLE_NOT_FOUND", lines.join("\n"));
}
