/**
 * The grammar of subjects. Inside the broker subject texts are latin1 strings, one character a byte, because clients may subscribe and
 * publish with bytes that are no valid UTF-8 and still have to match each other exactly.
 */

const ANY_TOKEN = "*";
const REST = ">";

/** What a SUB may name: no empty token, `>` only at the end. A `*` or `>` inside a longer token is an ordinary character. */
export function isValidPattern(pattern: string): boolean {
  const tokens = pattern.split(".");
  return tokens.every((token, at) => token !== "" && (token !== REST || at === tokens.length - 1));
}

/** Names one subject and no other. */
export function isLiteral(pattern: string): boolean {
  return pattern.split(".").every((token) => token !== "" && token !== ANY_TOKEN && token !== REST);
}

/** Does `pattern` match the literal `subject`? */
export function matchesPattern(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  for (let at = 0; at < wanted.length; at++) {
    if (wanted[at] === REST) {
      return at < tokens.length;
    }
    if (at >= tokens.length || (wanted[at] !== ANY_TOKEN && wanted[at] !== tokens[at])) {
      return false;
    }
  }
  return wanted.length === tokens.length;
}

/** The broker's form of a text from inside the server or from a configuration: the latin1 reading of its UTF-8 bytes. */
export function octetText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
