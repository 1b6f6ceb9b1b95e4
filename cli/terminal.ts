/**
 * What the commands know of the terminal: data goes to `out`, everything else to `err`. `live` is true where a line can be rewritten;
 * CI logs and pipes get plain lines instead. NO_COLOR and FORCE_COLOR are honoured by picocolors.
 */
import pc from "picocolors";

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly live: boolean;
  readonly columns: number;
  readonly colors: ReturnType<typeof pc.createColors>;
}

export function processTerminal(): Terminal {
  const inCi = process.env["CI"] !== undefined && process.env["CI"] !== "";
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    live: process.stderr.isTTY && !inCi,
    columns: process.stderr.columns ?? 100,
    colors: pc.createColors(pc.isColorSupported),
  };
}
