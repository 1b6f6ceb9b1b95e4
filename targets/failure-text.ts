/** What went wrong in words, from whatever was thrown. A failed command's own words count more than the tool's about it. */
import { ExecaError } from "execa";

export function failureText(error: unknown): string {
  if (error instanceof ExecaError) {
    const said = String(error.stderr ?? "").trim();
    return said === "" ? error.shortMessage : `${error.shortMessage}: ${lastLine(said)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function lastLine(text: string): string {
  return text.split("\n").at(-1) ?? text;
}
