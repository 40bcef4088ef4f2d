import type { Choice, PickOptions } from './prompts.ts';

/** After this long without an answer a list says that it could not be read; typing goes on meanwhile. */
export const LIST_LIMIT_MS = 8_000;

/** A row of the list; `notice` rows only tell something. */
export interface Row<T> {
  choice: Choice<T> | null;
  label: string;
  description?: string;
  detail?: string;
  /** Survives the editor's own filter. */
  alwaysShow: boolean;
  /** Heading under which it stands. */
  group?: string;
}

/** Texts of a picker that its caller does not give. */
export interface PickerWords {
  typed(text: string): string;
  unread(reason: string): string;
  late: string;
}

/**
 * What a picker shows for what was typed so far: the names, of which the best match is the one that Enter takes, and after
 * them what was typed, as a row that says so. Free of the editor.
 */
export class PickerModel<T> {
  readonly #options: PickOptions<T>;
  readonly #words: PickerWords;
  readonly #changed: () => void;
  #choices: Choice<T>[];
  #notice = '';
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param changed called when rows changed by themselves */
  constructor(options: PickOptions<T>, words: PickerWords, changed: () => void) {
    this.#options = options;
    this.#words = words;
    this.#changed = changed;
    this.#choices = options.choices;
    if (options.more) this.#await(options.more);
  }

  /** More is still to come. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Rows in their order, and the one that Enter takes; null when there is none. */
  rows(text: string): { rows: Row<T>[]; active: Row<T> | null } {
    const wanted = text.trim().toLowerCase();
    // Rows keep their places: the editor tells by its number which one was taken, and may tell it a moment later.
    const rows = this.#choices.map((choice) => rowOf(choice));
    const ranks = this.#choices.map((choice) => rankOf(choice, wanted));
    const typed = wanted === '' ? null : this.#typed(text.trim());
    const best = Math.min(...ranks);
    const active = best < NO_MATCH ? rows[ranks.indexOf(best)]! : typed;
    if (typed) rows.push(typed);
    if (this.#notice) rows.push({ choice: null, label: this.#notice, alwaysShow: true });
    return { rows, active: active ?? null };
  }

  /** False for a row that cannot have been meant by what is typed: it was another when Enter was pressed. */
  fits({ choice, alwaysShow }: Row<T>, text: string): boolean {
    if (!choice) return false;
    const { label, description = '', detail = '' } = choice;
    return (
      alwaysShow ||
      [label, description, detail].some((part) => holdsInOrder(part.toLowerCase(), text.trim().toLowerCase()))
    );
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #await(more: Promise<Choice<T>[]>): void {
    this.#busy = true;
    this.#timer = setTimeout(() => this.#tell(this.#words.late, true), LIST_LIMIT_MS);
    more.then(
      (choices) => {
        const known = new Set(this.#choices.map(({ label }) => label));
        this.#choices = [...this.#choices, ...choices.filter(({ label }) => !known.has(label))];
        this.#tell('', false);
      },
      (error: unknown) => this.#tell(this.#words.unread(error instanceof Error ? error.message : String(error)), false),
    );
  }

  #tell(notice: string, busy: boolean): void {
    if (!busy) clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#notice = notice;
    this.#busy = busy;
    this.#changed();
  }

  #typed(text: string): Row<T> | null {
    const choice = this.#options.typed?.(text);
    if (!choice || this.#choices.some(({ label }) => label === choice.label)) return null;
    return { ...rowOf(choice), label: this.#words.typed(choice.label), alwaysShow: true };
  }
}

/** As the editor's own filter: every letter, in this order, whatever stands between. */
function holdsInOrder(text: string, wanted: string): boolean {
  let at = 0;
  for (const letter of wanted.replace(/\s+/g, '')) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

const NO_MATCH = 5;

/** How well a choice matches; the less the better. The editor hides what does not match at all. */
function rankOf({ label, description = '', detail = '' }: Choice<unknown>, wanted: string): number {
  if (wanted === '') return 0;
  const name = label.toLowerCase();
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (new RegExp(`[^a-z0-9]${wanted.replace(/[^\w]/g, '\\$&')}`).test(name)) return 2;
  if (name.includes(wanted)) return 3;
  return `${description}\n${detail}`.toLowerCase().includes(wanted) ? 4 : NO_MATCH;
}

function rowOf<T>(choice: Choice<T>): Row<T> {
  const { label, description, detail, group } = choice;
  return {
    choice,
    label,
    alwaysShow: false,
    ...(description === undefined ? {} : { description }),
    ...(detail === undefined ? {} : { detail }),
    ...(group === undefined ? {} : { group }),
  };
}
