/** Text from outside inside Markdown: code spans and fences longer than any inside, and escapes for the rest. No mention, link or tag survives. */

/** A code span for one line of text; also inside a table, where a bar would end the cell. */
export function codeSpan(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (line === "") {
    return "–";
  }
  const ticks = "`".repeat(longestRun(line, "`") + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${ticks}${pad}${line}${pad}${ticks}`.replaceAll("|", "\\|");
}

export function codeFence(text: string): string {
  const ticks = "`".repeat(Math.max(3, longestRun(text, "`") + 1));
  return `${ticks}text\n${text}\n${ticks}`;
}

/** Plain words: everything that Markdown, HTML or the host could take for more is an entity; an address is not made a link. */
export function plainText(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[&<>\\`*_[\]#|~@$]|:(?=\/\/)/g, (found) => `&#${found.charCodeAt(0)};`);
}

function longestRun(text: string, character: string): number {
  let longest = 0;
  let run = 0;
  for (const each of text) {
    run = each === character ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
