import type net from "node:net";
import { expect, test } from "vitest";
import { HistoryWriter } from "../../evidence/history/history-writer.ts";
import { answerPings, startScriptedServer } from "../../wire/scripted-server.ts";
import { readStreams } from "./read-back.ts";

test("a message below the first one that the stream's state names as lost is damage that was told", async () => {
  let sid = "1";
  const info = { state: { first_seq: 2, last_seq: 2, messages: 1, lost: { msgs: [1], bytes: 0 } } };
  const message = { message: { subject: "s", seq: 2, data: "", time: "2026-11-24T00:00:00Z" } };
  const answer = (text: string, socket: net.Socket): void => {
    answerPings(text, socket);
    sid = / (\w+)\r\n/.exec(/SUB .*\r\n/.exec(text)?.[0] ?? "")?.[1] ?? sid;
    for (const [, subject = "", reply = ""] of text.matchAll(/H?PUB (\S+) (\S+) [\d ]+\r\n/g)) {
      const body = JSON.stringify(subject.includes(".INFO.") ? info : message);
      socket.write(`MSG ${reply} ${sid} ${body.length}\r\n${body}\r\n`);
    }
  };
  await using server = await startScriptedServer({ onData: answer });
  const history = new HistoryWriter();
  const signal = new AbortController().signal;
  await readStreams(["S"], {
    url: server.url,
    history,
    signal,
    cut: signal,
    timeoutMs: 5000,
    answered: () => undefined,
    isEnough: () => false,
  });
  expect(history.history().readBack("S").get("1")?.problem).toBe("STREAM.INFO names it as lost");
  expect(history.history().readBack("S").get("2")?.problem).toBeUndefined();
});
