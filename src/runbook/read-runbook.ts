import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, YAMLMap } from 'yaml';
import { valueProblem, wordProblem } from './placeholders.ts';
import type { Parameter, Part, PartName, RunbookAction } from './runbook-action.ts';
import { MAX_SECONDS, MAX_SNAPSHOT, MAX_VALUE, PARTS, RUNBOOK_FORMAT } from './runbook-action.ts';

/** `placeholder`: a value could become a program, or a secret be seen; `schema`: anything else. */
export interface RunbookProblem {
  kind: 'schema' | 'placeholder';
  /** UTF-16 offsets, end excluded. */
  start: number;
  end: number;
  message: string;
}

export interface RunbookReading {
  /** Null when there are problems. */
  action: RunbookAction | null;
  problems: RunbookProblem[];
}

/** Longer files are no runbook actions that a person could review. */
const MAX_FILE = 64 * 1024;
const MAX_WORDS = 64;
const MAX_WORD = 16 * 1024;
const MAX_PARAMETERS = 16;
const NAME = /^[a-z][a-z0-9-]{0,40}$/;
const KEYS = ['stratus', 'name', 'title', 'reaches', 'undoes', 'loses', 'seconds', 'bytes', 'parameters', ...PARTS];

/** True for a text that says of itself that it declares an action, whether or not it can be read. */
export function isRunbook(text: string): boolean {
  return /^(?:\uFEFF)?(?:(?:#[^\n]*|---[^\S\n]*)?\r?\n)*["']?stratus["']?[^\S\n]*:[^\S\n]*["']?runbook\b/.test(text);
}

/** Reads the file of one action. Never throws. */
export function readRunbook(text: string): RunbookReading {
  const reader = new Reader();
  if (text.length > MAX_FILE) {
    reader.at(undefined, `a runbook action is longer than ${MAX_FILE / 1024} KiB`);
    return reader.reading(null);
  }
  const documents = parseAllDocuments(text, { uniqueKeys: true, prettyErrors: false, logLevel: 'silent' });
  const [document, second] = 'empty' in documents ? [] : (documents as Document.Parsed[]);
  for (const { message, pos } of document?.errors ?? [])
    reader.problems.push({ kind: 'schema', start: pos[0], end: lineEnd(text, pos), message: yamlMessage(message) });
  if (reader.problems.length > 0) return reader.reading(null);
  if (!document || !isMap(document.contents)) {
    reader.at(document?.contents, `a runbook action is a map that begins with 'stratus: ${RUNBOOK_FORMAT}'`);
    return reader.reading(null);
  }
  if (second) reader.at(second.contents, 'one file declares one action: this is a second document');
  reader.document = document;
  const action = reader.action(document.contents as YAMLMap);
  return reader.reading(action);
}

/** Of an error that is told at one character, the rest of its word or line. */
function lineEnd(text: string, [start, end]: [number, number]): number {
  if (end > start + 1) return end;
  const rest = /^[\w-]+|^[^\n]*/.exec(text.slice(start))![0];
  return start + Math.max(rest.length, 1);
}

function yamlMessage(message: string): string {
  return message === 'Map keys must be unique' ? 'this key is given twice' : `this is no YAML: ${message}`;
}

class Reader {
  readonly problems: RunbookProblem[] = [];
  document: Document | null = null;

  reading(action: RunbookAction | null): RunbookReading {
    const problems = this.problems.sort((a, b) => a.start - b.start);
    return { action: problems.length === 0 ? action : null, problems };
  }

  at(node: unknown, message: string, kind: RunbookProblem['kind'] = 'schema'): void {
    const range = (node as ParsedNode | null | undefined)?.range;
    const [start, end] = range ? [range[0], range[1]] : [0, 1];
    this.problems.push({ kind, start, end: Math.max(end, start + 1), message });
  }

  action(map: YAMLMap): RunbookAction | null {
    this.#keys(map, KEYS, 'a runbook action');
    const format = this.#text(map, 'stratus');
    if (format !== undefined && format !== RUNBOOK_FORMAT)
      this.at(
        map.get('stratus', true),
        `format '${format}' is not known to this version, which reads ${RUNBOOK_FORMAT}`,
      );
    const name = this.#text(map, 'name');
    if (name !== undefined && !NAME.test(name))
      this.at(
        map.get('name', true),
        'a name has lower-case letters, digits and dashes, at most 41, and begins with a letter',
      );
    const title = this.#line(map, 'title', 120);
    const reaches = this.#line(map, 'reaches', 300);
    const undoes = this.#text(map, 'undoes');
    if (undoes !== undefined && undoes !== 'exact' && undoes !== 'losses')
      this.at(
        map.get('undoes', true),
        "undoes is 'exact' (everything comes back) or 'losses' (something is gone for good)",
      );
    const loses = map.has('loses') ? this.#line(map, 'loses', 300) : '';
    if (undoes === 'losses' && !map.has('loses'))
      this.at(map.get('undoes', true), "with 'losses', 'loses' has to say what is gone for good");
    if (undoes === 'exact' && map.has('loses'))
      this.at(map.get('loses', true), "what is undone exactly loses nothing: 'undoes' should be 'losses'");
    const seconds = this.#number(map, 'seconds', 1, MAX_SECONDS, 15);
    const bytes = this.#number(map, 'bytes', 1, MAX_SNAPSHOT, 64 * 1024);
    const parameters = this.#parameters(map.get('parameters', true));
    const parts: Partial<Record<PartName, Part>> = {};
    for (const part of PARTS) {
      if (part === 'same' && !map.has(part)) continue;
      if (!map.has(part)) this.at(map, `'${part}' is missing: an action has snapshot, do, undo and verify`);
      else parts[part] = this.#part(part, map.get(part, true), parameters);
    }
    return {
      name: name ?? '',
      title: title ?? '',
      reaches: reaches ?? '',
      undoes: undoes === 'losses' ? 'losses' : 'exact',
      loses: loses ?? '',
      seconds,
      bytes,
      parameters,
      parts: parts as RunbookAction['parts'],
    };
  }

  #part(name: PartName, node: unknown, parameters: Record<string, Parameter>): Part {
    const empty: Part = { command: [] };
    if (!isMap(node)) {
      this.at(node, `'${name}' is a map with 'command'`);
      return empty;
    }
    this.#keys(node, ['command', 'stdin'], `'${name}'`);
    const stdin = node.get('stdin', true);
    if (stdin !== undefined && !(isScalar(stdin) && stdin.value === 'snapshot'))
      this.at(stdin, "stdin can only be 'snapshot'");
    if (name === 'snapshot' && stdin !== undefined) this.at(stdin, 'a snapshot is taken before there is one to read');
    const list = node.get('command', true);
    if (!isSeq(list) || list.items.length === 0) {
      this.at(list ?? node, `'command' of '${name}' is a list of words; a shell is one of them: [sh, -c, …]`);
      return empty;
    }
    if (list.items.length > MAX_WORDS) this.at(list, `a command has at most ${MAX_WORDS} words`);
    const command = list.items.map((found) => {
      // One script with several modes is easier to review than several scripts.
      const item = isAlias(found) && this.document ? found.resolve(this.document) : found;
      if (isScalar(item) && typeof item.value === 'string') return item.value;
      this.at(
        found,
        isScalar(item) ? 'a word of a command is a text: put it in quotes' : 'a word of a command is a text',
      );
      return '';
    });
    command.forEach((word, index) => {
      if (word.includes('\0') || word.length > MAX_WORD)
        this.at(list.items[index], `a word of a command has at most ${MAX_WORD / 1024} KiB and no zero character`);
      const problem = wordProblem(command, index, parameters);
      if (problem) this.at(list.items[index], problem, 'placeholder');
    });
    if (command[0] === '') this.at(list.items[0], 'the program has no name');
    return { command, ...(stdin === undefined ? {} : { stdin: 'snapshot' as const }) };
  }

  #parameters(node: unknown): Record<string, Parameter> {
    const found: Record<string, Parameter> = {};
    if (node === undefined) return found;
    if (!isMap(node)) {
      this.at(node, "'parameters' is a map from names to 'about' and 'pattern'");
      return found;
    }
    if (node.items.length > MAX_PARAMETERS) this.at(node, `an action has at most ${MAX_PARAMETERS} parameters`);
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!NAME.test(name) || name === 'snapshot') {
        this.at(key, "a parameter's name has lower-case letters, digits and dashes, and is not 'snapshot'");
        continue;
      }
      if (!isMap(value)) {
        this.at(value ?? key, `parameter '${name}' is a map with 'about' and 'pattern'`);
        continue;
      }
      this.#keys(value, ['about', 'pattern', 'default'], `parameter '${name}'`);
      const about = this.#line(value, 'about', 300) ?? '';
      const pattern = this.#text(value, 'pattern') ?? '';
      const parameter: Parameter = { about, pattern };
      found[name] = parameter;
      if (!isPattern(pattern)) {
        if (value.has('pattern')) this.at(value.get('pattern', true), 'this is no regular expression');
        continue;
      }
      if (!value.has('default')) continue;
      const given = this.#text(value, 'default');
      if (given === undefined) continue;
      const problem = valueProblem(name, parameter, given);
      if (problem) this.at(value.get('default', true), `the default of ${problem}`);
      else parameter.default = given;
    }
    return found;
  }

  #keys(map: YAMLMap, known: readonly string[], what: string): void {
    for (const { key } of map.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!known.includes(name)) this.at(key, `${what} has no '${name}'; it has: ${known.join(', ')}`);
    }
  }

  #text(map: YAMLMap, key: string): string | undefined {
    const node = map.get(key, true);
    if (isScalar(node) && typeof node.value === 'string' && node.value !== '') return node.value;
    this.at(node ?? map, node === undefined ? `'${key}' is missing` : `'${key}' is a text: put it in quotes`);
    return undefined;
  }

  #line(map: YAMLMap, key: string, most: number): string | undefined {
    const text = this.#text(map, key)?.trimEnd();
    if (text !== undefined && (text.length > most || /[\r\n]/.test(text)))
      this.at(map.get(key, true), `'${key}' is one line of at most ${most} characters`);
    return text;
  }

  #number(map: YAMLMap, key: string, least: number, most: number, otherwise: number): number {
    const node = map.get(key, true);
    if (node === undefined) return otherwise;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.at(node, `'${key}' is a whole number from ${least} to ${most}`);
    return otherwise;
  }
}

function isPattern(pattern: string): boolean {
  if (pattern === '' || pattern.length > MAX_VALUE) return false;
  try {
    new RegExp(`^(?:${pattern})$`, 'u');
    return true;
  } catch {
    // Told at its place.
    return false;
  }
}
