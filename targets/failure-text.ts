/** What went wrong in words, from whatever was thrown. A failed command's own words count more than the tool's about it. */
import { ExecaError } from "execa";

export function failureText(error: unknown): string {
  if (error instanceof ExecaError) {
    const said: unknown = error.stderr;
    const text = typeof said === "string" ? said.trim() : "";
    return text === "" ? error.shortMessage : `${error.shortMessage}: ${lastLine(text)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function lastLine(text: string): string {
  return text.split("\n").at(-1) ?? text;
}
