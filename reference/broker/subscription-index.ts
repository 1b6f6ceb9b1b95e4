/**
 * Who is subscribed to what, as a trie over subject tokens: each node has its literal children, one for `*` and one for `>`.
 *
 * Matches are cached with the subject and stay good until a subscription that could concern it comes or goes. To tell, the index keeps a
 * generation for each bucket of first tokens and one for patterns that begin with a wildcard; their sum is the stamp of a match.
 */
import { type Matches, NO_MATCHES, type QueueGroup, type Subscription } from "./subscription.ts";

export const FIRST_TOKEN_BUCKETS = 256;

class Node {
  literals: Map<string, Node> | undefined;
  any: Node | undefined;
  rest: Node | undefined;
  subscriptions: Subscription[] = [];

  get isEmpty(): boolean {
    return (
      this.subscriptions.length === 0 &&
      this.any === undefined &&
      this.rest === undefined &&
      (this.literals === undefined || this.literals.size === 0)
    );
  }
}

/** What a match found, and what other subjects would have found. */
export interface MatchResult {
  readonly matches: Matches;
  /** Another last token could have found something else. */
  readonly dependsOnLastToken: boolean;
  /** Every longer subject that begins with this many of the tokens finds the same. */
  readonly tokensDecided: number;
}

interface Search {
  readonly tokens: readonly string[];
  readonly found: Subscription[];
  dependsOnLastToken: boolean;
  tokensDecided: number;
}

export class SubscriptionIndex {
  readonly #root = new Node();
  readonly #generations = new Float64Array(FIRST_TOKEN_BUCKETS);
  #wildcardGeneration = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Grows whenever matches of subjects in this bucket may have changed. */
  stamp(bucket: number): number {
    return this.#generations[bucket]! + this.#wildcardGeneration;
  }

  add(subscription: Subscription): void {
    let node = this.#root;
    for (const token of subscription.pattern.split(".")) {
      node = childFor(node, token);
    }
    node.subscriptions.push(subscription);
    this.#size++;
    this.#changed(subscription.pattern);
  }

  remove(subscription: Subscription): void {
    const path: { node: Node; token: string }[] = [];
    let node: Node | undefined = this.#root;
    for (const token of subscription.pattern.split(".")) {
      path.push({ node, token });
      node = childOf(node, token);
      if (node === undefined) {
        return;
      }
    }
    const at = node.subscriptions.indexOf(subscription);
    if (at < 0) {
      return;
    }
    node.subscriptions.splice(at, 1);
    this.#size--;
    this.#changed(subscription.pattern);
    prune(node, path);
  }

  /** Is somebody subscribed to exactly this pattern, as a member of `queue` or, without it, plainly? */
  hasExact(pattern: string, queue: string | undefined): boolean {
    let node: Node | undefined = this.#root;
    for (const token of pattern.split(".")) {
      node = childOf(node, token);
      if (node === undefined) {
        return false;
      }
    }
    return node.subscriptions.some((subscription) => subscription.queue === queue);
  }

  /** `subject` in latin1. A subject with an empty token matches nothing. */
  match(subject: string): MatchResult {
    const search: Search = { tokens: subject.split("."), found: [], dependsOnLastToken: false, tokensDecided: 0 };
    if (search.tokens.includes("")) {
      return { matches: NO_MATCHES, dependsOnLastToken: true, tokensDecided: search.tokens.length };
    }
    collect(search, this.#root, 0);
    const { dependsOnLastToken, tokensDecided } = search;
    return { matches: grouped(search.found), dependsOnLastToken, tokensDecided };
  }

  #changed(pattern: string): void {
    const dot = pattern.indexOf(".");
    const first = dot < 0 ? pattern : pattern.slice(0, dot);
    if (first === "*" || first === ">") {
      this.#wildcardGeneration++;
    } else {
      this.#generations[bucketOfText(first)]!++;
    }
  }
}

function bucketOfText(firstToken: string): number {
  let hash = 0;
  for (let at = 0; at < firstToken.length; at++) {
    hash = (hash * 31 + firstToken.charCodeAt(at)) | 0;
  }
  return (hash >>> 0) % FIRST_TOKEN_BUCKETS;
}

function childFor(node: Node, token: string): Node {
  if (token === "*") {
    node.any ??= new Node();
    return node.any;
  }
  if (token === ">") {
    node.rest ??= new Node();
    return node.rest;
  }
  node.literals ??= new Map();
  let child = node.literals.get(token);
  if (child === undefined) {
    child = new Node();
    node.literals.set(token, child);
  }
  return child;
}

function childOf(node: Node, token: string): Node | undefined {
  if (token === "*") {
    return node.any;
  }
  return token === ">" ? node.rest : node.literals?.get(token);
}

function prune(leaf: Node, path: readonly { node: Node; token: string }[]): void {
  let child = leaf;
  for (let at = path.length - 1; at >= 0 && child.isEmpty; at--) {
    const { node, token } = path[at]!;
    if (token === "*") {
      node.any = undefined;
    } else if (token === ">") {
      node.rest = undefined;
    } else {
      node.literals?.delete(token);
    }
    child = node;
  }
}

function collect(search: Search, node: Node, depth: number): void {
  if (node.rest !== undefined && depth < search.tokens.length) {
    search.found.push(...node.rest.subscriptions);
  }
  if (depth === search.tokens.length) {
    search.found.push(...node.subscriptions);
    return;
  }
  if (node.any !== undefined || (node.literals !== undefined && node.literals.size > 0)) {
    search.tokensDecided = Math.max(search.tokensDecided, depth + 1);
  }
  if (node.literals !== undefined && depth === search.tokens.length - 1 && node.literals.size > 0) {
    search.dependsOnLastToken = true;
  }
  const literal = node.literals?.get(search.tokens[depth]!);
  if (literal !== undefined) {
    collect(search, literal, depth + 1);
  }
  if (node.any !== undefined) {
    collect(search, node.any, depth + 1);
  }
}

function grouped(found: readonly Subscription[]): Matches {
  if (found.length === 0) {
    return NO_MATCHES;
  }
  const plain: Subscription[] = [];
  const groups = new Map<string, Subscription[]>();
  for (const subscription of found) {
    if (subscription.queue === undefined) {
      plain.push(subscription);
      continue;
    }
    const members = groups.get(subscription.queue);
    if (members === undefined) {
      groups.set(subscription.queue, [subscription]);
    } else {
      members.push(subscription);
    }
  }
  const queues: QueueGroup[] = [...groups].map(([name, members]) => ({ name, members }));
  return { plain, queues };
}
