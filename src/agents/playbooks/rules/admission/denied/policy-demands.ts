import type { KubeObject } from '../../../../../domain/kube-object.ts';
import type { Untyped } from '../../../../../kube/pod-template.ts';
import { listOf } from '../../../../../kube/untyped-list.ts';
import { literalPattern } from '../../../../../text/literal-pattern.ts';

/** What a policy wants to find in the metadata of pods, or of the namespace that they are in. */
export interface Demand {
  of: 'pods' | 'namespace';
  field: 'labels' | 'annotations';
  key: string;
  /** Values that the policy takes, where it lists them. */
  values: string[] | null;
}

interface Validation {
  expression?: unknown;
  message?: unknown;
  messageExpression?: unknown;
}

interface Variable {
  name?: unknown;
  expression?: unknown;
}

/** Longest part of an expression that is read. */
const READ = 4096;

/**
 * Labels and annotations that the expressions of a ValidatingAdmissionPolicy ask for, where its denial may be about them.
 * One policy tells of its first failure only, so that all of its demands are given. Expressions that are content with one
 * of several keys, or with the absence of one, demand none of them. Empty where the denial is about something else.
 * @param words the denial, without what introduces it
 */
export function demandsOf(policy: KubeObject, words: string): Demand[] {
  const validations: Validation[] = listOf(policy.spec?.validations);
  const variables: Variable[] = listOf(policy.spec?.variables);
  const speaks = validations.filter((each) => speaksIn(each, words, validations.length === 1));
  if (!speaks.some((each) => demandsIn(expanded(each, variables)).length > 0)) return [];
  const all = validations.flatMap((each) => demandsIn(expanded(each, variables)));
  return all.filter((one, at) => all.findIndex((other) => idOf(other) === idOf(one)) === at);
}

const idOf = ({ of, field, key }: Omit<Demand, 'values'>): string => `${of} ${field} ${key}`;

/** A validation that makes up its message as it goes may have said anything. */
function speaksIn({ expression, message, messageExpression }: Validation, words: string, isOnly: boolean): boolean {
  if (isOnly || messageExpression !== undefined) return true;
  return [message, expression].some(
    (text) => typeof text === 'string' && text.trim() !== '' && words.includes(text.trim()),
  );
}

/** A variable for nothing but a path, `object.metadata.labels` for instance. */
const PATH = /^[\w.?]+(?:\.orValue\(\{\}\))?$/;

/** The expression, with its variables for paths in their places, followed by what the others stand for. */
function expanded({ expression }: Validation, variables: readonly Variable[]): string {
  let text = String(expression ?? '').slice(0, READ);
  // One variable may be made of those before it.
  for (const { name, expression: meaning } of variables.toReversed()) {
    const use = new RegExp(`\\bvariables\\.${literalPattern(String(name))}\\b`, 'g');
    if (text.search(use) < 0) continue;
    const means = String(meaning ?? '').slice(0, READ).trim(); // prettier-ignore
    text = PATH.test(means) ? text.replace(use, () => means) : `${text} ; ${means}`;
  }
  return text;
}

const KEY = String.raw`(?:'([A-Za-z0-9._/-]+)'|"([A-Za-z0-9._/-]+)")`;
const HOLDER = String.raw`(labels|annotations)`;
/** `'key' in object.metadata.labels`, `labels['key']`, `labels[?'key']`, `labels.key`, `labels.?key`. */
const FORMS: readonly { pattern: RegExp; field: number; keys: number[] }[] = [
  { pattern: new RegExp(`${KEY}\\s+in\\s+[\\w.?()]*?\\b${HOLDER}\\b`, 'dg'), field: 3, keys: [1, 2] },
  {
    pattern: new RegExp(`\\b${HOLDER}(?:\\.orValue\\(\\{\\}\\))?\\[\\??\\s*${KEY}\\s*\\]`, 'dg'),
    field: 1,
    keys: [2, 3],
  },
  { pattern: new RegExp(`\\bmetadata\\.\\??${HOLDER}\\.\\??([A-Za-z_]\\w*)\\b(?!\\()`, 'dg'), field: 1, keys: [2] },
];
/** `['a', 'b'].all(key, key in object.metadata.labels)` */
const ALL_OF = new RegExp(
  String.raw`\[([^\]]*)\]\.all\(\s*(\w+)\s*,[^;]*?\b\2\s+in\s+[\w.?()]*?\b(labels|annotations)\b`,
  'dg',
);

/** Where the labels are those of the namespace (kubernetes.io, "Validating Admission Policy", `namespaceObject`). */
const OF_NAMESPACE = /\bnamespaceObject\.\??metadata\.\??$/;

function holderIn(expression: string, match: RegExpExecArray, group: number): Pick<Demand, 'of' | 'field'> {
  const [start] = match.indices![group]!;
  return {
    of: OF_NAMESPACE.test(expression.slice(0, start)) ? 'namespace' : 'pods',
    field: match[group] as Demand['field'],
  };
}

function demandsIn(expression: string): Demand[] {
  const single = FORMS.flatMap(({ pattern, field, keys }) =>
    [...expression.matchAll(pattern)].map((match) => ({
      ...holderIn(expression, match, field),
      key: keys.map((at) => match[at]).find((text) => text !== undefined) ?? '',
    })),
  );
  const several = [...expression.matchAll(ALL_OF)].flatMap((match) =>
    literals(match[1]!).map((key) => ({ ...holderIn(expression, match, 3), key })),
  );
  const keys = [...new Map([...single, ...several].map((one) => [idOf(one), one])).values()];
  // Either of them would do, and which one is meant nobody says.
  if (keys.length > 1 && hasChoice(expression)) return [];
  return keys
    .filter(({ key }) => !isUnwanted(expression, key))
    .map((one) => ({ ...one, values: valuesOf(expression, one.key) }));
}

/** That there are no labels at all is no choice between two of them. */
function hasChoice(expression: string): boolean {
  return expression.replace(/!\s*has\([^)]*\.(?:labels|annotations)\s*\)\s*\|\|/g, '').includes('||');
}

/** `!('key' in …)`, `!has(….key)`: it may, or must, be absent. */
function isUnwanted(expression: string, key: string): boolean {
  const name = literalPattern(key);
  return new RegExp(
    `!\\s*(?:\\(\\s*['"]${name}['"]\\s+in\\b|has\\([^)]*(?:\\.|\\[['"])${name}\\b)|['"]${name}['"]\\s+in\\s+[\\w.]+\\s*\\)?\\s*==\\s*false`,
  ).test(expression);
}

/** `labels['key'] in ['a', 'b']`, `labels.key == 'a'` */
function valuesOf(expression: string, key: string): string[] | null {
  const name = literalPattern(key);
  const holder = `(?:\\[\\??\\s*['"]${name}['"]\\s*\\]|\\.\\??${name})(?:\\.orValue\\([^)]*\\))?`;
  const list = new RegExp(`${holder}\\s+in\\s+\\[([^\\]]*)\\]`).exec(expression);
  if (list) return literals(list[1]!);
  const one = new RegExp(`${holder}\\s*==\\s*(?:'([^']*)'|"([^"]*)")`).exec(expression);
  const value = one?.[1] ?? one?.[2];
  return value === undefined || value === '' ? null : [value];
}

function literals(list: string): string[] {
  return [...list.matchAll(/'([^']*)'|"([^"]*)"/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** Labels or annotations of an object, or of a pod template. */
export function textsIn(metadata: Untyped, field: Demand['field']): Record<string, string> {
  const pairs = Object.entries((metadata?.[field] ?? {}) as Record<string, unknown>);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}
