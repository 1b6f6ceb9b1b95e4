/**
 * From what stands on the command line to a target: `embedded`, `nats-server`, `nats-server@2.15.2`, `bin:/path[?version]`,
 * `nats://host:port`, or the target of a file of one's own. Resolving reads files and looks for executables; it starts nothing.
 */
import { resolve as absolutePath } from "node:path";
import { noCapabilities, startedCapabilities } from "./capabilities.ts";
import { type FoundExecutable, findExecutable } from "./executable.ts";
import { knownFailingFileOf, readKnownFailing } from "./known-failing.ts";
import { nearest } from "./nearest.ts";
import { provisionProcess } from "./providers/process.ts";
import { provisionUrl, urlReason } from "./providers/url.ts";
import { checkSettings, type Settings, settingsInForce } from "./settings.ts";
import { type Claims, type KnownFailing, type Target, TargetError } from "./target.ts";
import { builtInTargetFiles, readTargetFile, type TargetFile } from "./target-file.ts";
import { compareVersions, isVersion } from "./versions.ts";

export interface ResolveOptions {
  /** `--bin`: the executable to use for a named target. */
  readonly bin?: string;
  /** `--set key=value`. */
  readonly set?: Settings;
  /** `--target-file`: a target of one's own. */
  readonly targetFile?: string;
  /** A known-failing list instead of the one beside the target file. */
  readonly knownFailingFile?: string;
  /** For `nats://…`, when the address itself holds none. */
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

export interface ResolvedTarget extends Target {
  /** What will be started; undefined for `embedded` and for an address. */
  readonly executable: FoundExecutable | undefined;
}

export async function resolveTarget(spec: string, options: ResolveOptions = {}): Promise<ResolvedTarget> {
  if (spec.includes("://")) {
    return urlTarget(spec, options);
  }
  const { name, version, path } = parseName(spec);
  const file = targetFileOf(name, options);
  checkSettings(file, options.set ?? {});
  const executable = await executableOf(file, { version, given: path ?? options.bin });
  return processTarget({ spec: spec === "" ? file.target : spec, file, executable, options });
}

interface Name {
  readonly name: string;
  readonly version: string | undefined;
  /** From `bin:/path`. */
  readonly path: string | undefined;
}

function parseName(spec: string): Name {
  if (spec.startsWith("bin:")) {
    const [path, version] = splitOnce(spec.slice("bin:".length), "?");
    if (path === "") {
      throw new TargetError("TARGET_UNKNOWN", `"${spec}" names no executable; write bin:/path/to/server`);
    }
    return { name: "bin", version: checkedVersion(spec, version), path: absolutePath(path) };
  }
  const [name, version] = splitOnce(spec, "@");
  return { name, version: checkedVersion(spec, version), path: undefined };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function checkedVersion(spec: string, version: string | undefined): string | undefined {
  if (version !== undefined && !isVersion(version)) {
    throw new TargetError("TARGET_UNKNOWN", `"${version}" in "${spec}" is not a version; write it in full, such as 2.15.2`);
  }
  return version;
}

function targetFileOf(name: string, options: ResolveOptions): TargetFile {
  if (options.targetFile !== undefined) {
    const file = readTargetFile(options.targetFile);
    if (name !== "" && name !== file.target) {
      throw new TargetError("TARGET_UNKNOWN", `${options.targetFile} describes the target "${file.target}", not "${name}"`);
    }
    return file;
  }
  const builtIn = builtInTargetFiles();
  const near = nearest(name, builtIn.keys());
  // Any name may be given to an executable of one's own, but not a mistyped one of ours.
  const path = builtIn.get(options.bin !== undefined && near === undefined && name !== "" ? "bin" : name);
  if (path === undefined) {
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    const known = [...builtIn.keys()].filter((each) => each !== "bin").join(", ");
    const forms = `Known: ${known}, NAME@VERSION, bin:/path/to/server, nats://host:port, or a file of your own with --target-file.`;
    throw new TargetError("TARGET_UNKNOWN", `there is no target "${name}"${hint}\n${forms}`);
  }
  return readTargetFile(path);
}

async function executableOf(
  file: TargetFile,
  { version, given }: { version: string | undefined; given: string | undefined },
): Promise<FoundExecutable | undefined> {
  if (file.executable === undefined) {
    if (version !== undefined || given !== undefined) {
      const what = version === undefined ? "--bin" : "a version";
      throw new TargetError("TARGET_UNKNOWN", `the target "${file.target}" is started by its own command; ${what} does not apply to it`);
    }
    return undefined;
  }
  return findExecutable({ file, version, given: given === undefined ? undefined : absolutePath(given) });
}

interface ProcessParts {
  readonly spec: string;
  readonly file: TargetFile;
  readonly executable: FoundExecutable | undefined;
  readonly options: ResolveOptions;
}

function processTarget({ spec, file, executable, options }: ProcessParts): ResolvedTarget {
  const given = options.set ?? {};
  const version = executable?.version;
  const knownFailingFile = options.knownFailingFile ?? knownFailingFileOf(file.file);
  const settings = settingsInForce(file, given);
  const target: ResolvedTarget = {
    name: spec,
    key: file.target,
    executable,
    settings,
    claims: claimsFor(file, version),
    knownFailing: readKnownFailing(knownFailingFile, version, settings),
    capabilities: () => startedCapabilities(file, executable?.path),
    provision: (provisionOptions) => provisionProcess({ target, file, executable: executable?.path, given }, provisionOptions),
  };
  return target;
}

/** Of the claims that are for this version the newest; a version that is not known is taken for the newest. */
export function claimsFor(file: TargetFile, version: string | undefined): Claims {
  const from = (claim: { from?: string | undefined }) => claim.from ?? "0.0.0";
  const newest = file.claims
    .filter((claim) => version === undefined || compareVersions(from(claim), version) <= 0)
    .sort((left, right) => compareVersions(from(left), from(right)))
    .at(-1);
  return { apiLevel: newest?.apiLevel, features: newest?.features ?? [] };
}

function urlTarget(spec: string, options: ResolveOptions): ResolvedTarget {
  const url = URL.parse(spec);
  if (url === null || url.protocol !== "nats:" || url.hostname === "") {
    throw new TargetError("TARGET_UNKNOWN", `"${spec}" is not an address that can be used; write nats://[user:password@]host:port`);
  }
  for (const [given, flag] of [
    [options.bin, "--bin"],
    [options.targetFile, "--target-file"],
    [Object.keys(options.set ?? {})[0], "--set"],
  ]) {
    if (given !== undefined) {
      throw new TargetError("TARGET_SETTING_UNKNOWN", `${flag} does not apply to ${withoutCredentials(url)}: ${urlReason}`);
    }
  }
  const address = withCredentials(url, options);
  const target: ResolvedTarget = {
    // The name stands in reports, so it must hold no password.
    name: withoutCredentials(url),
    key: "url",
    executable: undefined,
    settings: {},
    claims: { apiLevel: undefined, features: [] },
    knownFailing: readOwnList(options.knownFailingFile),
    capabilities: async () => noCapabilities(urlReason),
    provision: (provisionOptions) => provisionUrl(target, address, provisionOptions),
  };
  return target;
}

function readOwnList(file: string | undefined): readonly KnownFailing[] {
  return file === undefined ? [] : readKnownFailing(file, undefined);
}

function withCredentials(url: URL, { user, password, token }: ResolveOptions): string {
  const result = new URL(url);
  if (result.username === "") {
    result.username = encodeURIComponent(token ?? user ?? "");
    result.password = encodeURIComponent(token === undefined ? (password ?? "") : "");
  }
  return textOf(result);
}

function withoutCredentials(url: URL): string {
  const result = new URL(url);
  result.username = "";
  result.password = "";
  return textOf(result);
}

/** A trailing slash is no part of an address as people write it. */
function textOf(url: URL): string {
  return url.href.replace(/\/$/, "");
}
