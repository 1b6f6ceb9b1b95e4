/** A JSON answer read by a client that trusts nothing: what is missing, or of another kind, is empty. */
export class JsonAnswer {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  static parse(text: string): JsonAnswer {
    try {
      return new JsonAnswer(JSON.parse(text));
    } catch {
      return new JsonAnswer({ error: { err_code: 0, description: `not JSON: ${text}` } });
    }
  }

  at(key: string): JsonAnswer {
    const value = this.#value;
    return new JsonAnswer(typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined);
  }

  get isMissing(): boolean {
    return this.#value === undefined || this.#value === null;
  }

  get isTrue(): boolean {
    return this.#value === true;
  }

  get text(): string {
    return typeof this.#value === "string" ? this.#value : "";
  }

  get number(): number {
    return typeof this.#value === "number" ? this.#value : 0;
  }

  get items(): JsonAnswer[] {
    return Array.isArray(this.#value) ? this.#value.map((item) => new JsonAnswer(item)) : [];
  }

  toString(): string {
    return JSON.stringify(this.#value);
  }
}
