/** What a secret is replaced by. */
export const MASK = "•••";
/** A shorter secret would blacken half of every text, and is no secret. */
const LEAST_LENGTH = 4;

/** Takes secrets out of whatever is shown, however they came there: in a log of the application, say. */
export class Redactor {
  readonly #secrets: string[] = [];

  /** Hides a value from now on. */
  hide(secret: string): void {
    if (secret.length < LEAST_LENGTH || this.#secrets.includes(secret)) return;
    this.#secrets.push(secret);
    // The longest first: one secret may hold another.
    this.#secrets.sort((a, b) => b.length - a.length);
  }

  /** Plain data with every text cleaned; the same object if there is nothing to hide. */
  clean<T>(value: T): T {
    return this.#secrets.length === 0 ? value : this.#clean(value) as T;
  }

  #clean(value: unknown): unknown {
    if (typeof value === "string") {
      return this.#secrets.reduce(
        (text, secret) => text.replaceAll(secret, MASK),
        value,
      );
    }
    if (Array.isArray(value)) return value.map((item) => this.#clean(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.#clean(item)]),
    );
  }
}
