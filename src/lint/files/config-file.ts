import { isMap, isScalar, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { DEFAULT_CONFIG } from '../config.ts';
import type { LintConfig } from '../config.ts';
import { readLintSettings } from '../lint-settings.ts';
import { rangeOf } from '../yaml/yaml-tree.ts';

/** The file that a folder’s linter settings stand in, under `lint:`; it holds for everything below its folder. */
export const CONFIG_NAME = '.stratus.yaml';

const KEYS = new Set(['rules', 'protectedContexts', 'protectedNamespaces', 'kubectl']);

/** One thing wrong in the file; offsets are UTF-16 units of its text. */
export interface ConfigProblem {
  message: string;
  start: number;
  end: number;
}

/** The settings of a file. */
export interface ConfigFile {
  config: LintConfig;
  problems: ConfigProblem[];
  /** The file is no readable YAML map: nothing of it is in force. */
  broken: boolean;
}

/** The key at a path, or the nearest one above it. */
function keyAt(document: Document, path: readonly string[]): { start: number; end: number } {
  let node: unknown = document.contents;
  let found = { start: 0, end: 0 };
  for (const name of path) {
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    if (!pair) break;
    found = rangeOf(pair.key) ?? found;
    node = pair.value;
  }
  return found;
}

/** Reads the text of a `.stratus.yaml` over a base. Never throws. */
export function readConfigFile(text: string, base: LintConfig = DEFAULT_CONFIG): ConfigFile {
  try {
    return readDocument(text, base);
  } catch (error) {
    // Nested deeper than the reader can follow, or aliases without end.
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'not readable';
    return { config: base, problems: [{ message, start: 0, end: text.length }], broken: true };
  }
}

function readDocument(text: string, base: LintConfig): ConfigFile {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const error = document.errors[0];
  const broken = (message: string, start: number, end: number): ConfigFile => ({
    config: base,
    problems: [{ message, start, end }],
    broken: true,
  });
  if (error) {
    const [start, end] = error.pos;
    return broken(`not readable as YAML: ${error.message.split('\n')[0] ?? ''}`, start, Math.max(end, start + 1));
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return { config: base, problems: [], broken: false };
  if (typeof value !== 'object' || Array.isArray(value))
    return broken('must be a map with the key lint', 0, text.length);
  const lint = (value as { lint?: unknown }).lint;
  const { config, problems } = readLintSettings(lint, base);
  const others = Object.keys(value).filter((name) => name !== 'lint');
  const unknown = typeof lint === 'object' && lint !== null ? Object.keys(lint).filter((name) => !KEYS.has(name)) : [];
  return {
    config,
    problems: [
      ...problems,
      ...unknown.map((name) => ({
        path: [name],
        message: `lint has no setting "${name}"; there are ${[...KEYS].join(', ')}`,
      })),
    ]
      .map(({ path, message }) => ({ message, ...keyAt(document, ['lint', ...path]) }))
      .concat(
        others.map((name) => ({
          message: `there is no setting "${name}"; settings of the linter stand under lint:`,
          ...keyAt(document, [name]),
        })),
      ),
    broken: false,
  };
}
