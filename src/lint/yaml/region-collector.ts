import { isAlias, isMap, isSeq } from 'yaml';
import type { Document } from 'yaml';
import { programRegions } from '../regions/program.ts';
import type { ProgramLanguage } from '../regions/program.ts';
import type { ForeignShell, Region } from '../regions/region.ts';
import { isShebang, mentionsKubectl } from '../shell/script-text.ts';
import type { ArgWord } from '../shell/words.ts';
import { joinedTexts, verbatim, within } from '../source-text.ts';
import { scalarText, stringOf, textScalar, valueOf } from './yaml-tree.ts';

/** Keys under which list items and maps hold one command, in the tools that allow more than plain text there. */
const COMMAND_KEYS = ['cmd', 'command', '_raw_params', 'defer', 'sh', 'content'];
const SHELL = /(^|\/)(ba|z|da|k|a)?sh(\.exe)?$/;

/** Gathers the pieces of a YAML text that run commands; each node counts once, whoever names it. */
export class RegionCollector {
  readonly regions: Region[] = [];
  /** What the document sets for its scripts, by name. */
  readonly variables = new Map<string, string>();
  readonly #text: string;
  readonly #document: Document.Parsed | undefined;
  readonly #done = new Set<unknown>();

  /**
   * @param text the document that the nodes were read from, templates masked
   * @param document the YAML document, so that aliases can be followed
   */
  constructor(text: string, document?: Document.Parsed) {
    this.#text = text;
    this.#document = document;
  }

  /** The node an alias stands for; other nodes as they are. */
  resolved(node: unknown): unknown {
    return isAlias(node) && this.#document ? node.resolve(this.#document) : node;
  }

  /** True once a node, or the one its alias stands for, has been taken. */
  isTaken(node: unknown): boolean {
    return this.#done.has(this.resolved(node));
  }

  /** A script, a list of scripts, or a map that holds one; nodes of other kinds are passed over. */
  script(given: unknown, shell?: ForeignShell): void {
    const node = this.resolved(given);
    if (this.#done.has(node)) return;
    if (isMap(node)) {
      for (const key of COMMAND_KEYS)
        if (valueOf(node, key) !== undefined) return this.script(valueOf(node, key), shell);
      return;
    }
    this.#done.add(node);
    if (isSeq(node)) {
      for (const item of node.items) this.script(item, shell);
      return;
    }
    const scalar = textScalar(node);
    const value = stringOf(node);
    if (!scalar || value === undefined || !(mentionsKubectl(value) || this.#namesKubectl(value))) return;
    if (value.startsWith('#!') && !isShebang(value)) return this.program(node);
    const source = scalarText(this.#text, scalar);
    const variables = this.variables.size > 0 ? { variables: this.variables } : {};
    this.regions.push(shell ? { kind: 'foreign', source, shell } : { kind: 'script', source, ...variables });
  }

  #namesKubectl(script: string): boolean {
    if (this.variables.size === 0 || !script.includes('$')) return false;
    return [...this.variables].some(([name, value]) => mentionsKubectl(value) && script.includes(name));
  }

  /** A program in a language that is no shell. */
  program(node: unknown, language: ProgramLanguage = 'any'): void {
    const scalar = textScalar(node);
    if (!scalar || this.#done.has(node)) return;
    this.#done.add(node);
    const source = scalarText(this.#text, scalar);
    for (const region of programRegions(source.text, language))
      this.regions.push({ ...region, source: within(source, region.source) });
  }

  /**
   * A command without a shell, or the script after `sh -c`.
   * @param program the node that stands for the word kubectl, where the items are only its arguments
   */
  argv(given: readonly unknown[], program?: unknown): void {
    const words: ArgWord[] = [];
    const items = given.map((item) => this.resolved(item));
    for (const item of items) {
      const scalar = textScalar(item);
      if (!scalar) return;
      const start = scalar.token.offset;
      words.push({ value: stringOf(item) ?? '', start, end: scalar.node.range?.[1] ?? start });
    }
    if (items.length > 0 && items.every((item) => this.#done.has(item))) return;
    const shell = words.findIndex(({ value }) => /^-[a-z]*c$/.test(value));
    const isShell = shell > 0 && SHELL.test(words[0]?.value ?? '');
    const named = isShell || words[0]?.value === 'kubectl' ? undefined : textScalar(program);
    if (named && words.length > 0) {
      const start = named.token.offset;
      words.unshift({ value: 'kubectl', start, end: named.node.range?.[1] ?? start });
    } else if (!words.some(({ value }) => mentionsKubectl(value))) return;
    for (const item of items) this.#done.add(item);
    if (isShell) {
      const script = textScalar(items[shell + 1]);
      if (script) this.regions.push({ kind: 'script', source: scalarText(this.#text, script) });
      return;
    }
    this.regions.push({ kind: 'argv', source: verbatim(this.#text), words });
  }

  /** A kubectl command in several nodes: its program, then pieces of its command line. */
  pieces(program: unknown, nodes: readonly unknown[]): void {
    const named = textScalar(program);
    const texts = nodes.map(textScalar).filter((scalar) => scalar !== undefined);
    if (!named || texts.length === 0 || nodes.every((node) => this.#done.has(node))) return;
    for (const node of nodes) this.#done.add(node);
    const start = named.token.offset;
    const end = named.node.range?.[1] ?? start;
    const length = 'kubectl'.length;
    const word = { text: 'kubectl', base: start, starts: Array(length).fill(start), ends: Array(length).fill(end) };
    const source = joinedTexts([word, ...texts.map((scalar) => scalarText(this.#text, scalar))]);
    this.regions.push({ kind: 'script', source });
  }

  /** A place that runs kubectl in a way that cannot be followed. */
  unread(node: unknown, message: string): void {
    const scalar = textScalar(node);
    if (!scalar) return;
    const start = scalar.token.offset;
    this.regions.push({
      kind: 'unread',
      source: verbatim(this.#text),
      start,
      end: scalar.node.range?.[1] ?? start,
      message,
    });
  }
}
