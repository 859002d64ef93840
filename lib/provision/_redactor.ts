/** What a secret is replaced by. */
export const MASK = "•••";
/** A shorter secret would blacken half of every text, and is no secret. */
const LEAST_LENGTH = 4;

/**
 * Members that the program makes itself and reads again. A secret that is a
 * number of four digits would else be found in digests, times and names of ports.
 */
const OWN_MEMBERS: ReadonlySet<string> = new Set([
  ...["kind", "id", "port", "slot", "station", "step", "steps", "result"],
  ...["code", "startedAt", "finishedAt", "jobSha256", "sha256", "identity"],
]);
/** Members whose own members have names of the user's choice. */
const OPEN_MEMBERS: ReadonlySet<string> = new Set(["values", "boot"]);

/** Takes secrets out of whatever is shown, however they came there: in a log of the application, say. */
export class Redactor {
  readonly #secrets: string[] = [];

  /** Hides a value from now on, also as it stands in JSON and in a URL. */
  hide(secret: string): void {
    if (secret.length < LEAST_LENGTH) return;
    const forms = [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret.toWellFormed()),
    ].filter((form) => !this.#secrets.includes(form));
    this.#secrets.push(...new Set(forms));
    // The longest first: one secret may hold another.
    this.#secrets.sort((a, b) => b.length - a.length);
  }

  /** A text without secrets. Clean before cutting: half a secret is not found. */
  cleanText(text: string): string {
    return this.#secrets.reduce(
      (text, secret) => text.replaceAll(secret, MASK),
      text,
    );
  }

  /** Plain data with every text cleaned; the same object if there is nothing to hide. */
  clean<T>(value: T): T {
    return this.#secrets.length === 0 ? value : this.#clean(value, false) as T;
  }

  #clean(value: unknown, isOpen: boolean): unknown {
    if (typeof value === "string") return this.cleanText(value);
    if (Array.isArray(value)) {
      return value.map((item) => this.#clean(item, isOpen));
    }
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const isOwn = !isOpen && OWN_MEMBERS.has(key);
        const opens = isOpen || OPEN_MEMBERS.has(key);
        return [key, isOwn ? item : this.#clean(item, opens)];
      }),
    );
  }
}
