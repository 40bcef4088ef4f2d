import { StringDecoder } from 'node:string_decoder';
import { Transform } from 'node:stream';
import { isMap } from '../../json/json-map.ts';
import { parseJson, printJson } from '../../json/lossless-json.ts';
import type { Json } from '../../json/json.ts';
import { mayHoldCopy } from '../../undo/secret-copies.ts';
import type { ApiRequest } from '../wire/api-request.ts';

export type JsonMap = Record<string, unknown>;

/** Secret values are visible in the answer to this request. */
export function carriesSecrets(request: ApiRequest): boolean {
  return request.kind === 'resource' && request.group === '' && request.resource === 'secrets';
}

/**
 * An Accept header that asks for what can be redacted: JSON only (objects, tables, metadata). Protobuf, CBOR and YAML
 * alternatives are dropped.
 */
export function jsonAccept(accept: string | undefined): string {
  const kept = (accept ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => /^application\/json(;|$)/.test(part) && !/cbor|protobuf/.test(part));
  return kept.length > 0 ? kept.join(',') : 'application/json';
}

/**
 * Hides the values in a Secret, SecretList, Table or watch event in place. Anything of an unknown form is emptied rather
 * than let through.
 * @param hide is called with each object that may be a Secret
 */
export function rewriteSecrets(value: unknown, hide: (object: JsonMap) => void): unknown {
  if (!isMap(value)) return null;
  if (isMap(value.object) && typeof value.type === 'string' && !Object.hasOwn(value, 'kind')) {
    value.object = rewriteSecrets(value.object, hide);
    return value;
  }
  switch (value.kind) {
    case 'Status':
    case 'APIResourceList':
      return value;
    case 'Table':
      for (const row of asList(value.rows)) if (isMap(row) && isMap(row.object)) hide(row.object);
      return value;
    default:
      if (Array.isArray(value.items)) for (const item of value.items) if (isMap(item)) hide(item);
      hide(value);
      return value;
  }
}

/** Blanks all values; keys stay. */
export function redactSecretJson(value: unknown): unknown {
  return rewriteSecrets(value, (object) =>
    replaceValues(object, { data: () => '', stringData: () => '', annotation: () => '' }),
  );
}

/** What stands in the place of a value. */
export interface Replacements {
  data(key: string, value: Json): Json;
  stringData(key: string, value: Json): Json;
  /** Only of annotations that may hold a copy. */
  annotation(name: string, text: Json): Json;
}

/** Replaces every value of one Secret in place; keys stay, and values that are no map are left out. */
export function replaceValues(object: JsonMap, by: Replacements): void {
  const values = isMap(object.data) ? (Object.values(object.data) as Json[]) : [];
  for (const field of ['data', 'stringData'] as const) {
    const map = object[field];
    if (isMap(map)) object[field] = mapValues(map, by[field]);
    else delete object[field];
  }
  const metadata = object.metadata;
  if (!isMap(metadata) || metadata.annotations === undefined) return;
  if (isMap(metadata.annotations)) {
    metadata.annotations = mapValues(metadata.annotations, (name, text) =>
      mayHoldCopy(name, text, values) ? by.annotation(name, text) : text,
    );
  } else delete metadata.annotations;
}

/** Keys may be any text, also `__proto__`. */
export function mapValues(map: JsonMap, change: (key: string, value: Json) => Json): JsonMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(key, value as Json)]));
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Rewrites a stream of newline-delimited watch events, one event at a time and without further delay. */
export function redactingWatch(rewrite: (value: unknown) => unknown = redactSecretJson): Transform {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  const line = (text: string): string => {
    if (text.trim() === '') return '';
    try {
      return `${printJson(rewrite(parseJson(text)))}\n`;
    } catch {
      // A line that cannot be read may hold anything.
      return '';
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending += decoder.write(chunk);
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      done(null, lines.map(line).join(''));
    },
    flush(done) {
      done(null, line(pending));
    },
  });
}
