/**
 * A server that can't do what it is asked says so: no operation is left without any answer until the client gives up. What was in flight when a fault ended
 * the server, or when its connection was cut, is not judged.
 */
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";

export const answersInTime: Check = {
  id: "answers-in-time",
  subject: "answered",
  says: "Every operation is answered, by yes or no, as long as the server lives.",
  judge(history) {
    const answered = history.operations.filter((each) => each.outcome !== "info");
    const silent = history.operations.filter((each) => each.outcome === "info" && each.error?.description === "timeout");
    const figures = { answered: answered.length, silent: silent.length };
    if (silent.length > 0) {
      const violations = silent.map((each) => ({ says: "no answer came until the client gave up", operations: [each] }));
      return fail(history, { summary: `${counted(silent.length, "operation")} got no answer`, figures, violations });
    }
    return answered.length === 0
      ? inconclusive("no operation was answered", figures)
      : pass(`${counted(answered.length, "operation")} answered`, figures);
  },
};
