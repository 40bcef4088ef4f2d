import { isMap, isSeq } from 'yaml';
import type { ForeignShell, Region } from '../regions/region.ts';
import { mentionsKubectl } from '../shell/script-text.ts';
import { unreadCall } from '../shell/other-language.ts';
import type { ArgWord } from '../shell/words.ts';
import { joinedTexts, verbatim } from '../source-text.ts';
import { scalarText, stringOf, textScalar, valueOf } from './yaml-tree.ts';

/** Keys under which list items and maps hold one command, in the tools that allow more than plain text there. */
const COMMAND_KEYS = ['cmd', 'command', 'defer', 'sh'];

/** Gathers the pieces of a YAML text that run commands; each node counts once, whoever names it. */
export class RegionCollector {
  readonly regions: Region[] = [];
  readonly #text: string;
  readonly #done = new Set<unknown>();

  /** @param text the document that the nodes were read from, templates masked */
  constructor(text: string) {
    this.#text = text;
  }

  /** A script, a list of scripts, or a map that holds one; nodes of other kinds are passed over. */
  script(node: unknown, shell?: ForeignShell): void {
    if (this.#done.has(node)) return;
    this.#done.add(node);
    if (isSeq(node)) {
      for (const item of node.items) this.script(item, shell);
      return;
    }
    if (isMap(node)) {
      for (const key of COMMAND_KEYS)
        if (valueOf(node, key) !== undefined) return this.script(valueOf(node, key), shell);
      return;
    }
    const scalar = textScalar(node);
    const value = stringOf(node);
    if (!scalar || value === undefined || !mentionsKubectl(value)) return;
    if (value.startsWith('#!') && !isShebang(value)) return this.program(node);
    const source = scalarText(this.#text, scalar);
    this.regions.push(shell ? { kind: 'foreign', source, shell } : { kind: 'script', source });
  }

  /** A program in a language that is no shell. */
  program(node: unknown): void {
    const scalar = textScalar(node);
    if (!scalar || !unreadCall(stringOf(node) ?? '')) return;
    this.regions.push({ kind: 'program', source: scalarText(this.#text, scalar) });
  }

  /**
   * A command without a shell, or the script after `sh -c`.
   * @param program the node that stands for the word kubectl, where the items are only its arguments
   */
  argv(items: readonly unknown[], program?: unknown): void {
    const words: ArgWord[] = [];
    for (const item of items) {
      const scalar = textScalar(item);
      if (!scalar) return;
      const start = scalar.token.offset;
      words.push({ value: stringOf(item) ?? '', start, end: scalar.node.range?.[1] ?? start });
    }
    const named = textScalar(program);
    if (named && words.length > 0) {
      const start = named.token.offset;
      words.unshift({ value: 'kubectl', start, end: named.node.range?.[1] ?? start });
    } else if (!words.some(({ value }) => mentionsKubectl(value))) return;
    const shell = words.findIndex(({ value }) => /^-[a-z]*c$/.test(value));
    if (shell > 0 && /(^|\/)(ba|z|da|k|a)?sh$/.test(words[0]?.value ?? '')) {
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
    if (!named || texts.length === 0) return;
    const start = named.token.offset;
    const end = named.node.range?.[1] ?? start;
    const length = 'kubectl'.length;
    const word = { text: 'kubectl', base: start, starts: Array(length).fill(start), ends: Array(length).fill(end) };
    const source = joinedTexts([word, ...texts.map((scalar) => scalarText(this.#text, scalar))]);
    this.regions.push({ kind: 'script', source });
  }
}

/** True for a script whose first line names a POSIX shell. */
export function isShebang(text: string): boolean {
  return /^#!.*\b(ba|da|z|k|a)?sh\b/.test(text);
}
