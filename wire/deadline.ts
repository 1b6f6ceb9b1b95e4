/** Puts a deadline on a promise that may never settle. */
import { WireError } from "./errors.ts";

/** Rejects with `WIRE_TIMEOUT` after `timeoutMs`; `what` completes "… within N ms". `onTimeout` takes the waiter out of its queue. */
export async function withDeadline<T>(
  promise: Promise<T>,
  options: { timeoutMs: number; what: string; onTimeout?: () => void },
): Promise<T> {
  const { timeoutMs, what, onTimeout } = options;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    onTimeout?.();
    reject(new WireError("WIRE_TIMEOUT", `${what} within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
