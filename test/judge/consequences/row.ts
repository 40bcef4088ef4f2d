import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the product may answer: it refuses, or it writes with a class that it named (asking first for the last two). */
export type Verdict = 'refused' | 'exact' | 'consequences' | 'unknown' | 'losses';

export type Step =
  /** One kubectl command as a transaction of `stratus run`, or in `stratus shell --write`. */
  | { by: 'run' | 'shell'; argv: string[] }
  /** One request by a program in `stratus shell --write`; `edit` reads the object first and puts it back changed. */
  | { by: 'http' | 'edit'; request: RawRequest }
  /** The same by somebody else, around the product. */
  | { by: 'other'; request: RawRequest };

export interface RawRequest {
  method: string;
  path: string;
  /** Content type; empty without a body. */
  type: string;
  /** Text that is sent; for `edit` a JSON merge patch. */
  body: string;
}

export interface Row {
  id: string;
  /** Kind of trap, for the summary. */
  trap: string;
  /** Names of fixtures. */
  fixtures: string[];
  steps: Step[];
  expected: Verdict[];
  /** `alone`: touches what all rows share; `real`: needs a real node. */
  needs: string[];
  note: string;
}

const FILE = join(import.meta.dirname, '..', '..', 'fixtures', 'consequences.tsv');
const COLUMNS = ['id', 'trap', 'fixture', 'action', 'expected', 'needs', 'note'];
const VERDICTS = ['refused', 'exact', 'consequences', 'unknown', 'losses'];

const TYPES: Record<string, string> = {
  json: 'application/json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  jsonpatch: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** The corpus. @throws Error that names the line that cannot be read */
export function readRows(file = FILE): Row[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').replace(/\n+$/, '').split('\n');
  if (header !== COLUMNS.join('\t')) throw new Error(`${file}: the first line must name ${COLUMNS.join(', ')}`);
  const rows = lines.filter((line) => line !== '' && !line.startsWith('#')).map(readRow);
  const twice = rows.find((row, index) => rows.findIndex(({ id }) => id === row.id) !== index);
  if (twice) throw new Error(`${file}: ${twice.id} is there twice`);
  return rows;
}

function readRow(line: string): Row {
  const cells = line.split('\t');
  const [id = '', trap = '', fixture = '', action = '', expected = '', needs = '', note = ''] = cells;
  if (cells.length !== COLUMNS.length) throw new Error(`${id || line}: ${cells.length} columns`);
  const verdicts = expected.split('|');
  const wrong = verdicts.find((one) => !VERDICTS.includes(one));
  if (wrong !== undefined) throw new Error(`${id}: '${wrong}' is no verdict`);
  return {
    id,
    trap,
    fixtures: fixture.split('+').filter((name) => name !== ''),
    steps: action.split(' ;; ').map((text) => readStep(id, text)),
    expected: verdicts as Verdict[],
    needs: needs.split(',').filter((word) => word !== ''),
    note,
  };
}

function readStep(id: string, text: string): Step {
  const [first = ''] = text.split(' ', 1);
  if (first === 'http' || first === 'other' || first === 'edit') {
    const found = /^\w+ (?:([A-Z]+) )?(\S+)(?: (json|merge|strategic|jsonpatch|apply))?(?: (.*))?$/s.exec(text);
    if (!found) throw new Error(`${id}: no request: ${text}`);
    const [, method = 'PUT', path = '', type = '', body = ''] = found;
    return { by: first, request: { method, path, type: TYPES[type] ?? '', body } };
  }
  if (first === 'shell') return { by: 'shell', argv: words(id, text).slice(1) };
  return { by: 'run', argv: words(id, text) };
}

/** Splits as a shell does: single and double quotes, nothing else. */
function words(id: string, text: string): string[] {
  const found: string[] = [];
  const pattern = /\s*((?:[^\s'"]|'[^']*'|"[^"]*")+)/y;
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text);
    if (!match) throw new Error(`${id}: unbalanced quotes: ${text}`);
    found.push(
      match[1]!.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
    );
  }
  return found;
}
