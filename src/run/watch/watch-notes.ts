/** What a look has to say beside incidents, and how that differs from before. */
export interface NotesChange {
  /** All that are to be reckoned with now. */
  notes: string[];
  fresh: string[];
  /** No longer so, as told last. */
  gone: string[];
}

/** What is not noted so often is over: answers come and go. */
const MISSES = 2;
/** Amounts change at each look, and say nothing new by that. */
const AMOUNT = /\d+(?:[.,]\d+)*(?: (?:ms|s|min|h|d)\b)?/g;

/** Notes of a watch, of which each is told once. */
export class WatchNotes {
  readonly #always: readonly string[];
  /** By what is said without its amounts. */
  readonly #known = new Map<string, { text: string; misses: number }>();

  /** @param always told already, and for as long as the watch lasts */
  constructor(always: readonly string[] = []) {
    this.#always = always;
  }

  /**
   * Null where nothing has changed.
   * @param isWhole whether all that could note something did: else what is missing may still be so
   */
  look(notes: readonly string[], isWhole: boolean): NotesChange | null {
    const now = new Map(notes.map((text) => [text.replace(AMOUNT, '#'), text]));
    for (const text of this.#always) now.delete(text.replace(AMOUNT, '#'));
    const fresh = [...now].filter(([key]) => !this.#known.has(key)).map(([, text]) => text);
    const gone: string[] = [];
    for (const [key, known] of this.#known) {
      known.misses = now.has(key) ? 0 : known.misses + (isWhole ? 1 : 0);
      if (known.misses < MISSES) continue;
      this.#known.delete(key);
      gone.push(known.text);
    }
    for (const [key, text] of now) this.#known.set(key, { text, misses: 0 });
    if (fresh.length + gone.length === 0) return null;
    return { notes: [...this.#always, ...[...this.#known.values()].map(({ text }) => text)], fresh, gone };
  }
}
