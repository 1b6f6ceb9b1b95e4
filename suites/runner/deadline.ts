/** Bounds any wait. The promise may go on; whoever began it has to be able to leave it behind. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
  readonly code = "DEADLINE_PASSED";
  constructor(what: string, timeoutMs: number) {
    super(`${what} did not end within ${Math.round(timeoutMs)} ms`);
  }
}

export async function within<T>(promise: Promise<T>, { timeoutMs, what }: { timeoutMs: number; what: string }): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DeadlinePassed(what, timeoutMs)), timeoutMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
