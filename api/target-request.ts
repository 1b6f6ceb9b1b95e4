/** How a caller names a system under test; the same for all three jobs. */
import { type ResolvedTarget, resolveTarget } from "../targets/resolve.ts";

export interface TargetRequest {
  /** `embedded` (default), `nats-server[@VERSION]`, `bin:/path`, any name with `bin`, or `nats://host:port`. */
  readonly target?: string | undefined;
  readonly bin?: string | undefined;
  readonly targetFile?: string | undefined;
  readonly knownFailingFile?: string | undefined;
  /** Server configuration, as `--set`. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

export function resolveRequest(request: TargetRequest): Promise<ResolvedTarget> {
  const { target = "embedded", ...options } = request;
  const given = Object.entries(options).filter(([key, value]) => value !== undefined && optionNames.has(key));
  return resolveTarget(target, Object.fromEntries(given));
}

const optionNames = new Set(["bin", "targetFile", "knownFailingFile", "set", "user", "password", "token"]);
