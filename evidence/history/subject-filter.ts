/** Whether a subject matches a filter with `*` and `>`, as NATS defines it. */
export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (const [index, each] of wanted.entries()) {
    if (each === ">") {
      return tokens.length > index;
    }
    if (index >= tokens.length || (each !== "*" && each !== tokens[index])) {
      return false;
    }
  }
  return wanted.length === tokens.length;
}
