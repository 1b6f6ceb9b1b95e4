/** The results of the store tool as lines for people, and as values for JSON. */
import { formatTime } from "../jetstream/json/time.ts";
import { damageText, rangesText } from "../store/damage-text.ts";
import { lostRuns, type NamedDamage, rangesOf } from "../store/named-damage.ts";
import type { DumpItem } from "../store/store-dump.ts";
import type { Inspection } from "../store/store-inspection.ts";
import type { SalvageReport } from "../store/store-salvage.ts";

/** What `verify --json` prints. */
export function verifyReport({ directory, format, loaded, streams, damage, notes }: Inspection): Record<string, unknown> {
  const { store, state, checkpoint } = loaded;
  return {
    store: directory,
    format,
    verdict: damage.length === 0 ? "sound" : "damaged",
    opens: !damage.some(({ recovery }) => recovery === "refuses"),
    segments: store.log.segments.size,
    records: state.records,
    checkpoint: checkpoint?.generation ?? 0,
    streams: streams.map(({ definition, stream: { messages }, assets }) => ({
      account: definition.account,
      name: definition.name,
      messages: messages.state.messages,
      bytes: messages.state.bytes,
      first_seq: messages.state.firstSequence,
      last_seq: messages.state.lastSequence,
      consumers: assets.length,
      lost: rangesOf(messages.lostSequences()),
    })),
    damage,
    notes,
  };
}

export function verifyText(inspection: Inspection): string {
  const { directory, loaded, streams, damage, notes } = inspection;
  const { store, state } = loaded;
  const lines = [`${directory}: ${damage.length === 0 ? "sound" : `damaged in ${countOf(damage.length, "place")}`}`];
  lines.push(`  ${countOf(store.log.segments.size, "segment")}, ${countOf(state.records, "record")}, ${countOf(streams.length, "stream")}`);
  for (const { definition, stream, assets } of streams) {
    const { messages, firstSequence, lastSequence } = stream.messages.state;
    const held = `${countOf(messages, "message")} from ${firstSequence} to ${lastSequence}`;
    lines.push(`  ${definition.account} > ${definition.name}: ${held}, ${countOf(assets.length, "consumer")}`);
  }
  lines.push(...damage.map(damageLine));
  const lost = lostRuns(loaded);
  if (lost.length > 0) {
    lines.push("Lost messages:");
    for (const { definition, stream } of streams) {
      const ranges = rangesOf(stream.messages.lostSequences());
      if (ranges.length > 0) {
        lines.push(`  ${definition.account} > ${definition.name}: ${rangesText(ranges)}`);
      }
    }
  }
  lines.push(...notes.map((note) => `Note: ${note}`));
  return `${lines.join("\n")}\n`;
}

export function salvageText({ directory, streams }: SalvageReport, damage: readonly NamedDamage[], out: string): string {
  const lines = damage.map(damageLine);
  lines.push(`${directory}: written and read back`);
  for (const { account, name, messages, consumers, lost } of streams) {
    const missing = lost.length === 0 ? "nothing lost" : `lost ${rangesText(lost)}`;
    lines.push(`  ${account} > ${name}: ${countOf(messages, "message")}, ${countOf(consumers, "consumer")}; ${missing}`);
  }
  lines.push(`Start it: streamproof serve -js -sd ${out}`);
  return `${lines.join("\n")}\n`;
}

export function dumpLine(item: DumpItem): string {
  const { type, ...fields } = item;
  const words = Object.entries(fields).map(([name, value]) => `${name}=${quoted(plain(value))}`);
  return `${type.padEnd(8)} ${words.join(" ")}\n`;
}

export function dumpJson(item: DumpItem): string {
  return `${JSON.stringify(Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)])))}\n`;
}

function damageLine(damage: NamedDamage): string {
  return `  ${damageText(damage)}`;
}

function countOf(count: number, one: string): string {
  return `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? formatTime(value) : value;
}

function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w#:.,/>*$-]+$/.test(text) ? text : JSON.stringify(text);
}
