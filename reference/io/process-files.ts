/** The files by which others find a running server: its pid and its ports. */
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

/** Digits only, and left behind at the end, as the official server does. */
export function writePidFile(path: string, pid: number): void {
  writeFileSync(path, String(pid), { mode: 0o600 });
}

export interface PortsFile {
  readonly directory: string;
  readonly executable: string;
  readonly pid: number;
  readonly client: Address;
  readonly monitor: Address | undefined;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `<executable>_<pid>.ports`; returns what removes it. */
export function writePortsFile({ directory, executable, pid, client, monitor }: PortsFile): () => void {
  if (!statSync(directory).isDirectory()) {
    throw new Error(`${directory} is no directory`);
  }
  // A directory that can be listed but not written is reported by the write below.
  readdirSync(directory);
  const file = join(directory, `${executable}_${pid}.ports`);
  const ports = { nats: urls("nats", client), ...(monitor === undefined ? {} : { monitoring: urls("http", monitor) }) };
  writeFileSync(file, JSON.stringify(ports, null, 2), { mode: 0o666 });
  return () => rmSync(file, { force: true });
}

/** One for each address of the machine when the server listens on all of them. */
function urls(scheme: string, { host, port }: Address): readonly string[] {
  const hosts = host === "0.0.0.0" || host === "::" || host === "" ? interfaceAddresses() : [host];
  return hosts.map((each) => `${scheme}://${each.includes(":") ? `[${each}]` : each}:${port}`);
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).filter(({ scopeid }) => !scopeid).map(({ address }) => address));
}
