/**
 * Asks a running server whether it is what its target file claims: a nonsense request must be refused or stay unanswered (a server that says
 * yes to everything proves nothing), each claimed feature must answer, and the API level must be the one claimed. The result is data; what a
 * wrong claim means is for the caller.
 */
import { z } from "zod";
import { type Connection, connect } from "../wire/connection.ts";
import { failureText } from "./failure-text.ts";
import { type FeatureProbe, featureProbes } from "./features.ts";
import type { Instance } from "./target.ts";

export interface ClaimResult {
  /** `nonsense`, `api-level`, or the feature's name. */
  readonly claim: string;
  readonly holds: boolean;
  /** What was asked and what came back, in words. */
  readonly says: string;
}

export interface ClaimsReport {
  readonly hold: boolean;
  readonly results: readonly ClaimResult[];
  /** What the server itself says, claimed or not. */
  readonly apiLevel: number | undefined;
}

export interface ProbeOptions {
  readonly timeoutMs?: number;
  /** Silence is the usual answer to nonsense, so it is waited for shorter. */
  readonly silenceMs?: number;
}

const nonsense = "$JS.API.STREAMPROOF.NONSENSE";
const probeStream = "STREAMPROOF_CLAIM";

const answerSchema = z.looseObject({
  type: z.string().optional(),
  error: z.object({ code: z.number().optional(), description: z.string().default("") }).optional(),
  api: z.object({ level: z.number().optional() }).optional(),
  config: z.record(z.string(), z.unknown()).optional(),
});
type Answer = z.infer<typeof answerSchema>;

/** Rejects only when no connection can be made. */
export async function probeClaims(instance: Instance, options: ProbeOptions = {}): Promise<ClaimsReport> {
  const { timeoutMs = 5000, silenceMs = 300 } = options;
  const connection = await connect({ url: instance.url, timeoutMs, name: "streamproof-claims" });
  try {
    const { claims } = instance.target;
    const apiLevel = await apiLevelOf(connection, timeoutMs);
    const results = [await probeNonsense(connection, silenceMs)];
    if (claims.apiLevel !== undefined) {
      results.push(judgeApiLevel(claims.apiLevel, apiLevel));
    }
    for (const feature of claims.features) {
      results.push(await probeFeature({ connection, feature, timeoutMs }));
    }
    return { hold: results.every(({ holds }) => holds), results, apiLevel };
  } finally {
    await connection.close();
  }
}

async function probeNonsense(connection: Connection, silenceMs: number): Promise<ClaimResult> {
  const answer = await ask({ connection, subject: nonsense, timeoutMs: silenceMs });
  if (typeof answer === "string") {
    return { claim: "nonsense", holds: true, says: `${nonsense} is not answered: ${answer}` };
  }
  const refused = answer.error !== undefined;
  const says = refused ? `${nonsense} is refused: ${answer.error?.description}` : `${nonsense} is answered as if it existed`;
  return { claim: "nonsense", holds: refused, says };
}

async function apiLevelOf(connection: Connection, timeoutMs: number): Promise<number | undefined> {
  const answer = await ask({ connection, subject: "$JS.API.INFO", timeoutMs });
  return (typeof answer === "string" ? undefined : answer.api?.level) ?? connection.info.api_lvl;
}

function judgeApiLevel(claimed: number, found: number | undefined): ClaimResult {
  const says = `API level ${claimed} is claimed, the server says ${found ?? "nothing"}`;
  // Servers before 2.11 have no level to tell.
  return { claim: "api-level", holds: (found ?? 0) === claimed, says };
}

interface FeatureQuestion {
  readonly connection: Connection;
  readonly feature: string;
  readonly timeoutMs: number;
}

async function probeFeature({ connection, feature, timeoutMs }: FeatureQuestion): Promise<ClaimResult> {
  const probe = featureProbes[feature];
  if (probe === undefined) {
    return { claim: feature, holds: false, says: `there is no probe for the feature "${feature}"` };
  }
  const problem =
    probe.by === "request" ? await askRequest(connection, probe, timeoutMs) : await askField(connection, probe.field, timeoutMs);
  return { claim: feature, holds: problem === undefined, says: problem ?? describe(probe) };
}

function describe(probe: FeatureProbe): string {
  return probe.by === "request" ? `${probe.subject} is answered` : `a stream with ${probe.field} is taken and shown`;
}

async function askRequest(
  connection: Connection,
  { subject, payload, type }: Extract<FeatureProbe, { by: "request" }>,
  timeoutMs: number,
): Promise<string | undefined> {
  const answer = await ask({ connection, subject, payload, timeoutMs });
  if (typeof answer === "string") {
    return `${subject} is not answered: ${answer}`;
  }
  return answer.type === type ? undefined : `${subject} is answered with type "${answer.type ?? ""}" instead of "${type}"`;
}

/** Makes a memory stream with the field set and removes it again. */
async function askField(connection: Connection, field: string, timeoutMs: number): Promise<string | undefined> {
  const config = { name: probeStream, subjects: [`${probeStream}.>`], storage: "memory", [field]: true };
  const subject = `$JS.API.STREAM.CREATE.${probeStream}`;
  const answer = await ask({ connection, subject, payload: JSON.stringify(config), timeoutMs });
  if (typeof answer === "string") {
    return `a stream with ${field} is not answered: ${answer}`;
  }
  if (answer.error !== undefined) {
    return `a stream with ${field} is refused: ${answer.error.description}`;
  }
  await ask({ connection, subject: `$JS.API.STREAM.DELETE.${probeStream}`, timeoutMs });
  return answer.config?.[field] === true ? undefined : `a stream with ${field} is taken, but the field is dropped`;
}

interface Question {
  readonly connection: Connection;
  readonly subject: string;
  readonly payload?: string | undefined;
  readonly timeoutMs: number;
}

/** The answer, or in words why there is none that can be read. */
async function ask({ connection, subject, payload = "", timeoutMs }: Question): Promise<Answer | string> {
  try {
    const message = await connection.request({ subject, payload: Buffer.from(payload) }, { timeoutMs });
    const answer = answerSchema.safeParse(message.json());
    return answer.success ? answer.data : "the answer is not a JetStream response";
  } catch (error) {
    return failureText(error);
  }
}
