/** Ten million small messages in the reference: what it holds in memory for them, everything included, and how soon it is back. */
import { atMost, type Figure, type Goal } from "./figure.ts";
import { builtReference, FilledServer } from "./filled-server.ts";
import { type BenchOptions, commandFor, type Measurement } from "./measurement.ts";

const payloadBytes = 24;
const subjects = 1000;

export const manyMessages: Measurement = {
  names: ({ quick }) => Object.values(namesOf(quick)),
  run: measure,
};

function messagesOf(quick: boolean): number {
  return quick ? 500_000 : 10_000_000;
}

/** Stands in all names. */
function groupOf(quick: boolean): string {
  return `${messagesOf(quick).toLocaleString("en")} messages of ${payloadBytes} B`;
}

function namesOf(quick: boolean): { published: string; recovered: string; message: string } {
  const of = groupOf(quick);
  return {
    published: `resident memory after publishing ${of}, reference alone`,
    recovered: `resident memory after recovering ${of}, reference alone`,
    message: `memory a message over that of an empty server, after recovering ${of}, reference alone`,
  };
}

async function measure({ quick, seed, signal, onLine }: BenchOptions): Promise<Figure[]> {
  const messages = messagesOf(quick);
  const names = namesOf(quick);
  onLine(`${names.published}: storing them`);
  const begin = performance.now();
  const { server, emptyBytes } = await FilledServer.start(await builtReference(), { messages, subjects, payloadBytes, seed }, signal);
  await using filled = server;
  const seconds = (performance.now() - begin) / 1000;
  const published = filled.residentBytes;
  const readyMs = await filled.restart("kill");
  const recovered = filled.residentBytes;
  const compared = `stored in ${seconds.toFixed(0)} s, back ${(readyMs / 1000).toFixed(1)} s after kill -9, every record checked; empty server ${mebibytes(emptyBytes)}`;
  const figure = (name: string, goal: Goal, own: { value: string; number: number }): Figure => {
    const met = goal.judge({ low: own.number, high: own.number });
    return { name, compared, value: own.value, goal: goal.text, met, client: "", command: commandFor(groupOf(quick), quick) };
  };
  const memory = atMost(1024, "MiB");
  const each = (recovered - emptyBytes) / messages;
  return [
    figure(names.published, memory, { value: mebibytes(published), number: published / 2 ** 20 }),
    figure(names.recovered, memory, { value: mebibytes(recovered), number: recovered / 2 ** 20 }),
    figure(names.message, atMost(64, "B"), { value: `${each.toFixed(1)} B`, number: each }),
  ];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
