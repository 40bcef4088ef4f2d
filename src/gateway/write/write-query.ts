import { printJson } from '../../json/lossless-json.ts';
import type { Json } from '../../json/json.ts';
import { isMap } from '../../json/json-map.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import type { Verdict } from '../content/verdict.ts';
import { refuse, WRITE } from '../content/verdict.ts';
import type { WriteBody } from '../wire/write-body.ts';

/** Parameters of a write whose effect is known, by method. Names are case-sensitive, as the API server reads them. */
const COMMON = ['dryRun', 'pretty', 'timeout'];
const WRITING = [...COMMON, 'fieldManager', 'fieldValidation'];
const DELETING = ['gracePeriodSeconds', 'propagationPolicy', 'orphanDependents'];
const KNOWN = new Map([
  ['POST', new Set(WRITING)],
  ['PUT', new Set(WRITING)],
  ['PATCH', new Set([...WRITING, 'force'])],
  ['DELETE', new Set([...COMMON, ...DELETING])],
]);
const DELETE_OPTIONS = new Set([
  'kind', 'apiVersion', 'gracePeriodSeconds', 'propagationPolicy', 'orphanDependents', 'preconditions', 'dryRun',
]); // prettier-ignore

const ODD_DRY_RUN = 'the only dry run is exactly one dryRun=All; what else it may mean is not guessed';

/** Each parameter of a write must be known and stand there once: what is not understood may change what happens. */
export function judgeQuery({ method, query }: ApiRequest): Verdict {
  const known = KNOWN.get(method);
  const seen = new Set<string>();
  for (const [name, value] of query) {
    if (name === 'dryRun' && (value !== 'All' || seen.has(name))) return refuse('dry-run', ODD_DRY_RUN);
    if (name.toLowerCase() === 'dryrun' && name !== 'dryRun') return refuse('dry-run', ODD_DRY_RUN);
    if (!known?.has(name)) {
      const list = [...(known ?? [])].join(', ');
      return refuse('query', `parameter ${printJson(name.slice(0, 60))} of a write is not known (known: ${list})`);
    }
    if (seen.has(name)) return refuse('query', `parameter ${name} stands there more than once`);
    seen.add(name);
  }
  return WRITE;
}

/** Whether the options in the body of a deletion or eviction ask for a dry run. */
export function bodyAsksDryRun(verb: string, body: WriteBody): boolean {
  return optionsIn(verb, body)?.dryRun !== undefined;
}

/**
 * The options in the body of a deletion or eviction must be known ones; as {@link judgeQuery}.
 * @param asked the query asks for a dry run beside a body, which the API server would not look at for a deletion
 */
export function judgeOptions(verb: string, body: WriteBody, asked = false): Verdict {
  const options = optionsIn(verb, body);
  if (options === null) return WRITE;
  if (asked && verb === 'delete' && options.dryRun === undefined) {
    return refuse('dry-run', 'the query of this deletion asks for a dry run, its body does not, and the body counts');
  }
  const unknown = Object.keys(options).find((name) => !DELETE_OPTIONS.has(name));
  if (unknown?.toLowerCase() === 'dryrun') return refuse('dry-run', ODD_DRY_RUN);
  if (unknown !== undefined) return refuse('query', `delete option ${printJson(unknown.slice(0, 60))} is not known`);
  const dry = options.dryRun;
  const plain = dry === undefined || (Array.isArray(dry) && dry.length === 1 && dry[0] === 'All');
  return plain ? WRITE : refuse('dry-run', ODD_DRY_RUN);
}

function optionsIn(verb: string, body: WriteBody): { [key: string]: Json } | null {
  if (verb !== 'delete' && verb !== 'evict') return null;
  const value = (body.value ?? {}) as { [key: string]: Json };
  const options = verb === 'delete' ? value : value.deleteOptions;
  return isMap(options) ? options : null;
}

/**
 * A deletion with its options in the body, where the API server looks first: it ignores the query beside a body, and
 * what is pinned has one. Null when both hold options, or a value is not plain.
 */
export function optionsIntoBody(query: URLSearchParams, body: WriteBody): WriteBody | null {
  const given = DELETING.filter((name) => query.has(name));
  if (given.length === 0) return body;
  if (body.form !== 'none') return null;
  const value: { [key: string]: Json } = { kind: 'DeleteOptions', apiVersion: 'v1' };
  for (const name of given) {
    const text = query.get(name) ?? '';
    query.delete(name);
    if (name === 'propagationPolicy') value[name] = text;
    else if (name === 'gracePeriodSeconds' && /^\d{1,9}$/.test(text)) value[name] = Number(text);
    else if (name === 'orphanDependents' && /^(true|false)$/.test(text)) value[name] = text === 'true';
    else return null;
  }
  return { form: 'object', value };
}
