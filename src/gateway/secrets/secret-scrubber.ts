import { printJson } from '../../json/lossless-json.ts';
import { isMap } from '../../json/json-map.ts';
import type { WriteBody } from '../wire/write-body.ts';

/** Shorter values would blank half of any text and are no secrets. */
const SHORTEST = 4;
const SHORTEST_LINE = 8;

/**
 * Collects Secret material that a command itself brings along (in its arguments or write bodies) or that the server
 * answers to it, and blanks it in text that leaves the gateway: kubectl's output, refusals, problems.
 */
export class SecretScrubber {
  readonly #forms = new Set<string>();
  #sorted: string[] | null = null;

  /** Values of a Secret, of a list of them, or of a patch in the form of one. */
  learn(value: unknown): void {
    if (!isMap(value)) return;
    if (isMap(value.object)) this.learn(value.object);
    if (Array.isArray(value.items)) for (const item of value.items) this.learn(item);
    if (isMap(value.data)) for (const text of Object.values(value.data)) this.learnEncoded(text);
    if (isMap(value.stringData)) for (const text of Object.values(value.stringData)) this.learnText(text);
  }

  /** Values in the body of a write to a Secret. */
  learnBody({ form, value }: WriteBody): void {
    if (form !== 'json-patch') return this.learn(value);
    for (const operation of Array.isArray(value) ? value : []) {
      if (!isMap(operation)) continue;
      const path = String(operation.path);
      if (path === '') this.learn(operation.value);
      if (path.startsWith('/data')) this.#learnLeaves(operation.value, (text) => this.learnEncoded(text));
      if (path.startsWith('/stringData')) this.#learnLeaves(operation.value, (text) => this.learnText(text));
    }
  }

  /** A value as `data` holds it. */
  learnEncoded(value: unknown): void {
    if (typeof value !== 'string') return;
    this.#add(value);
    this.learnText(Buffer.from(value, 'base64').toString('utf8'));
  }

  /** A value in plain text. */
  learnText(value: unknown): void {
    if (typeof value !== 'string') return;
    for (const form of [value, value.trim(), printJson(value).slice(1, -1)]) {
      this.#add(form);
      this.#add(Buffer.from(form).toString('base64'));
    }
    const lines = value.split('\n');
    if (lines.length > 1) for (const line of lines) if (line.trim().length >= SHORTEST_LINE) this.#add(line.trim());
  }

  scrub(text: string): string {
    this.#sorted ??= [...this.#forms].sort((a, b) => b.length - a.length);
    return this.#sorted.reduce((result, form) => result.replaceAll(form, '«secret»'), text);
  }

  #learnLeaves(value: unknown, learn: (text: unknown) => void): void {
    if (typeof value === 'object' && value !== null)
      for (const item of Object.values(value)) this.#learnLeaves(item, learn);
    else learn(value);
  }

  #add(form: string): void {
    if (form.trim().length < SHORTEST) return;
    this.#forms.add(form);
    this.#sorted = null;
  }
}
