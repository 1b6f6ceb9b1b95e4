/** A writer with a clock that counts, and short words for what happens: the smallest history that shows one rule of a check, for tests. */
import type { Operation } from "../history/events.ts";
import { HistoryWriter } from "../history/history-writer.ts";
import type { Verdict } from "./check.ts";
import { checks } from "./registry.ts";

export function sketch() {
  let now = 0;
  const writer = new HistoryWriter({ now: () => (now += 1) });
  const ask = (op: Operation, process = 1): number => writer.invoke(process, op);
  return {
    writer,
    wait: (ms: number): void => void (now += ms),
    publish: (
      seq: string,
      about: {
        msgId?: string;
        subject?: string;
        process?: number;
        duplicate?: boolean;
        digest?: string;
        bytes?: number;
        expectLastSeq?: string;
        expectLastSubjectSeq?: string;
      } = {},
    ) => {
      const { subject = "s.a", process = 1, duplicate, digest = `digest-${seq}`, ...rest } = about;
      writer.ok(ask({ kind: "publish", stream: "S", subject, digest, ...rest }, process), {
        seq,
        ...(duplicate === undefined ? {} : { duplicate }),
      });
    },
    ok: (op: Operation): void => writer.ok(ask(op)),
    unknown: (op: Operation): void => writer.info(ask(op), "timeout"),
    /** Reads back these sequences, as they were published unless a digest is given. */
    readBack: (seqs: readonly (string | [seq: string, digest: string])[], lastSeq: string): void => {
      for (const each of seqs) {
        const [seq, digest] = typeof each === "string" ? [each, `digest-${each}`] : each;
        writer.read({ stream: "S", seq, subject: "s.a", digest });
      }
      writer.readEnd({ stream: "S", complete: true, lastSeq });
    },
    judge: (id: string): Verdict => {
      const check = checks[id];
      if (check === undefined) {
        throw new Error(`no check ${id}`);
      }
      return check.judge(writer.history());
    },
  };
}
