/** The part of `results.json` that all jobs share: who ran what, when, on which machine, against which server. */
import type { Results } from "../evidence/results/schema.ts";
import type { Capabilities, Target } from "../targets/target.ts";
import { describeEnvironment } from "./environment.ts";
import { toolVersion } from "./version.ts";

export interface Frame {
  readonly command: string;
  readonly startedAt: Date;
  readonly target: Pick<Target, "name" | "key">;
  readonly server: { readonly name: string; readonly version: string };
  readonly settings: Readonly<Record<string, string>>;
  readonly capabilities: Capabilities;
  readonly interrupted: boolean;
}

export function frameResults(
  frame: Frame,
  parts: Partial<Pick<Results, "cases" | "requirements" | "campaigns" | "loads" | "profile" | "suitesVersion">>,
): Results {
  const { capabilities, target, server, settings } = frame;
  return {
    schemaVersion: 1,
    tool: { name: "streamproof", version: toolVersion },
    command: frame.command,
    startedAt: frame.startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    interrupted: frame.interrupted,
    target: {
      name: target.name,
      key: target.key,
      server: { ...server },
      settings: { ...settings },
      capabilities: [...capabilities.has].sort(),
      missing: Object.fromEntries(capabilities.missing),
    },
    environment: describeEnvironment(),
    cases: [],
    requirements: [],
    campaigns: [],
    loads: [],
    ...parts,
  };
}
