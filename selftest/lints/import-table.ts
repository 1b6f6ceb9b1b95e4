/**
 * Who may import whom. Rooms are the top-level folders; the table is the one in ARCHITECTURE.md. Everything is computed from a map of
 * file path → source text, so that the lint itself can be tested with forged trees.
 */
import { posix } from "node:path";

export type SourceTree = ReadonlyMap<string, string>;

const judge = ["wire", "evidence", "targets", "suites", "load", "reports"];

/** Room → rooms it may import from, itself always included. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  evidence: [],
  targets: ["wire", "evidence"],
  suites: ["wire", "targets", "evidence"],
  load: ["wire", "targets", "evidence"],
  reports: ["evidence"],
  api: judge,
  cli: ["api"],
  selftest: [...judge, "api", "cli", "reference"],
  reference: [],
};

/** The server's core: everything from outside comes through the ports. */
const coreFolders = ["reference/protocol/", "reference/broker/", "reference/store/", "reference/jetstream/"];
const coreAllowsNode = new Set(["node:buffer"]);
const coreForbids: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)/, name: "Date" },
  { pattern: /\bMath\.random\b/, name: "Math.random" },
  { pattern: /\b(?:setTimeout|setInterval|setImmediate)\(/, name: "timers" },
  { pattern: /\bprocess\.\w/, name: "process" },
];

const testPackages = new Set([
  "vitest",
  "fast-check",
  "nats",
  "@nats-io/jetstream",
  "@nats-io/transport-node",
  "tinybench",
  "simple-statistics",
]);

const importPattern = /(?:^|[\s;])(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|[\s;])import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

export interface Violation {
  readonly file: string;
  readonly says: string;
}

export function importsOf(source: string): string[] {
  const withoutComments = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  return [...withoutComments.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

export function checkImports(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  for (const [file, source] of tree) {
    for (const specifier of importsOf(source)) {
      const says = violationOf(file, specifier);
      if (says !== undefined) {
        violations.push({ file, says });
      }
    }
    violations.push(...forbiddenGlobals(file, source));
  }
  return [...violations, ...findCycles(tree)];
}

function violationOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) {
    return packageViolation(file, specifier);
  }
  if (!/\.(?:ts|js|json)$/.test(specifier)) {
    return `imports "${specifier}" without its extension`;
  }
  const target = posix.join(posix.dirname(file), specifier);
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === to || isTestHelperImport(file, to)) {
    return undefined;
  }
  if (allowed[from]?.includes(to) === true) {
    return undefined;
  }
  return `${from}/ may not import ${to}/ ("${specifier}")`;
}

/** A test of the judge may drive the reference only from `selftest/`; a test of the reference may use the judge's eyes nowhere. */
function isTestHelperImport(file: string, to: string): boolean {
  return file.endsWith(".bench.ts") && to === "wire";
}

function packageViolation(file: string, specifier: string): string | undefined {
  if (isCore(file) && specifier.startsWith("node:") && !coreAllowsNode.has(specifier)) {
    return `the core imports "${specifier}"; it reaches the machine only through ports.ts`;
  }
  if (!isTest(file) && testPackages.has(specifier) && file !== "api/vitest.ts") {
    return `imports the test package "${specifier}" outside a test`;
  }
  return undefined;
}

function forbiddenGlobals(file: string, source: string): Violation[] {
  if (!isCore(file)) {
    return [];
  }
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
  return coreForbids.filter((each) => each.pattern.test(code)).map((each) => ({ file, says: `the core uses ${each.name}` }));
}

function isCore(file: string): boolean {
  return !isTest(file) && coreFolders.some((folder) => file.startsWith(folder));
}

function isTest(file: string): boolean {
  return /\.(?:test|contract|fuzz|bench)\.ts$/.test(file) || file.startsWith("selftest/");
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? "";
}

/** Cycles of run-time imports; `import type` draws no arrow, because nothing runs through it. */
function findCycles(tree: SourceTree): Violation[] {
  const arrows = new Map<string, string[]>();
  for (const [file, source] of tree) {
    const withoutTypes = source.replaceAll(/(?:import|export)\s+type\s[^"';]*?from\s*"[^"]+"/g, "");
    const targets = importsOf(withoutTypes)
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => posix.join(posix.dirname(file), specifier))
      .filter((target) => tree.has(target));
    arrows.set(file, targets);
  }
  const done = new Set<string>();
  const found: Violation[] = [];
  for (const file of arrows.keys()) {
    visit(file, [], { arrows, done, found });
  }
  return found;
}

interface CycleSearch {
  readonly arrows: ReadonlyMap<string, readonly string[]>;
  readonly done: Set<string>;
  readonly found: Violation[];
}

function visit(file: string, path: readonly string[], search: CycleSearch): void {
  const start = path.indexOf(file);
  if (start >= 0) {
    search.found.push({ file, says: `import cycle: ${[...path.slice(start), file].join(" → ")}` });
    return;
  }
  if (search.done.has(file)) {
    return;
  }
  for (const target of search.arrows.get(file) ?? []) {
    visit(target, [...path, file], search);
  }
  search.done.add(file);
}
