import type { KubeObject } from '../../../../domain/kube-object.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { literalPattern } from '../../../../text/literal-pattern.ts';

/** What a policy wants to find in the metadata of pods. */
export interface Demand {
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
  return all.filter((one, at) => all.findIndex(({ field, key }) => field === one.field && key === one.key) === at);
}

/** A validation that makes up its message as it goes may have said anything. */
function speaksIn({ expression, message, messageExpression }: Validation, words: string, isOnly: boolean): boolean {
  if (isOnly || messageExpression !== undefined) return true;
  return [message, expression].some(
    (text) => typeof text === 'string' && text.trim() !== '' && words.includes(text.trim()),
  );
}

/** The expression, followed by those of the variables that it uses. */
function expanded({ expression }: Validation, variables: readonly Variable[]): string {
  const text = String(expression ?? '').slice(0, READ);
  const used = variables.filter(({ name }) =>
    new RegExp(`\\bvariables\\.${literalPattern(String(name))}\\b`).test(text),
  );
  return [text, ...used.map((each) => String(each.expression ?? '').slice(0, READ))].join(' ; ');
}

const KEY = String.raw`(?:'([A-Za-z0-9._/-]+)'|"([A-Za-z0-9._/-]+)")`;
const HOLDER = String.raw`(labels|annotations)`;
/** `'key' in object.metadata.labels`, `labels['key']`, `labels[?'key']`, `labels.key`, `labels.?key`. */
const FORMS: readonly { pattern: RegExp; field: number; keys: number[] }[] = [
  { pattern: new RegExp(`${KEY}\\s+in\\s+[\\w.?()]*?\\b${HOLDER}\\b`, 'g'), field: 3, keys: [1, 2] },
  {
    pattern: new RegExp(`\\b${HOLDER}(?:\\.orValue\\(\\{\\}\\))?\\[\\??\\s*${KEY}\\s*\\]`, 'g'),
    field: 1,
    keys: [2, 3],
  },
  { pattern: new RegExp(`\\bmetadata\\.\\??${HOLDER}\\.\\??([A-Za-z_]\\w*)\\b(?!\\()`, 'g'), field: 1, keys: [2] },
];
/** `['a', 'b'].all(key, key in object.metadata.labels)` */
const ALL_OF = new RegExp(
  String.raw`\[([^\]]*)\]\.all\(\s*(\w+)\s*,[^;]*?\b\2\s+in\s+[\w.?()]*?\b(labels|annotations)\b`,
  'g',
);

function demandsIn(expression: string): Demand[] {
  const single = FORMS.flatMap(({ pattern, field, keys }) =>
    [...expression.matchAll(pattern)].map((match) => ({
      field: match[field] as Demand['field'],
      key: keys.map((at) => match[at]).find((text) => text !== undefined) ?? '',
    })),
  );
  const several = [...expression.matchAll(ALL_OF)].flatMap((match) =>
    literals(match[1]!).map((key) => ({ field: match[3] as Demand['field'], key })),
  );
  const keys = [...new Map([...single, ...several].map((one) => [`${one.field} ${one.key}`, one])).values()];
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
