/** Commands that are programs of their own: this process only starts them, hands signals on and waits. */
import { spawn } from "node:child_process";
import type { Session } from "./session.ts";

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Resolves with the program's exit code, null when a signal ended it. */
export async function runProgram({ signal }: Session, { command, args }: Program, words: readonly string[]): Promise<number | null> {
  const child = spawn(command, [...args, ...words], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the program by itself; a signal to this process alone has to be handed on.
  const hand = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", hand, { once: true });
  try {
    return await new Promise<number | null>((resolve, reject) => {
      child.once("exit", resolve);
      child.once("error", reject);
    });
  } finally {
    signal.removeEventListener("abort", hand);
  }
}
