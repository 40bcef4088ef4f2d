import { StringDecoder } from 'node:string_decoder';
import { Transform } from 'node:stream';
import { parseJson, printJson } from '../domain/lossless-json.ts';
import { RawNumber } from '../domain/raw-number.ts';
import type { ApiRequest } from './api-request.ts';

type JsonMap = Record<string, unknown>;

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
 * Blanks the values of a Secret, SecretList, Table or watch event in place; keys stay.
 * Anything of an unknown form is emptied rather than let through.
 */
export function redactSecretJson(value: unknown): unknown {
  if (!isMap(value)) return null;
  if (isMap(value.object) && typeof value.type === 'string' && !Object.hasOwn(value, 'kind')) {
    value.object = redactSecretJson(value.object);
    return value;
  }
  switch (value.kind) {
    case 'Status':
    case 'APIResourceList':
      return value;
    case 'Table':
      for (const row of asList(value.rows)) if (isMap(row) && isMap(row.object)) blank(row.object);
      return value;
    default:
      if (Array.isArray(value.items)) for (const item of value.items) if (isMap(item)) blank(item);
      blank(value);
      return value;
  }
}

function blank(object: JsonMap): void {
  for (const field of ['data', 'stringData']) {
    const map = object[field];
    if (isMap(map)) for (const key of Object.keys(map)) map[key] = '';
    else if (map !== undefined) delete object[field];
  }
  const annotations = isMap(object.metadata) ? object.metadata.annotations : undefined;
  if (isMap(annotations)) {
    for (const key of Object.keys(annotations)) {
      // Client-side apply and several tools keep a whole copy of the object in an annotation.
      if (/last-applied|configuration/i.test(key) || !isPlainText(annotations[key])) {
        annotations[key] = '';
      }
    }
  }
}

/** Text that is no JSON object; annotations are nothing else, and what is another thing is blanked. */
function isPlainText(value: unknown): boolean {
  return typeof value === 'string' && !value.trimStart().startsWith('{');
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawNumber);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Redacts a stream of newline-delimited watch events, one event at a time and without further delay. */
export function redactingWatch(): Transform {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  const line = (text: string): string => {
    if (text.trim() === '') return '';
    try {
      return `${printJson(redactSecretJson(parseJson(text)))}\n`;
    } catch {
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

/**
 * Collects the values of Secrets that had to pass unredacted (a kubectl that computes a patch needs them) and blanks
 * them in text that leaves the gateway: kubectl's output, journalled commands, refusals.
 */
export class SecretScrubber {
  private readonly values = new Set<string>();

  learn(value: unknown): void {
    if (!isMap(value)) return;
    if (isMap(value.object)) this.learn(value.object);
    for (const item of asList(value.items)) this.learn(item);
    if (isMap(value.data)) for (const text of Object.values(value.data)) this.add(text, true);
    if (isMap(value.stringData)) for (const text of Object.values(value.stringData)) this.add(text, false);
  }

  scrub(text: string): string {
    let result = text;
    for (const value of [...this.values].sort((a, b) => b.length - a.length))
      result = result.replaceAll(value, '«secret»');
    return result;
  }

  private add(value: unknown, encoded: boolean): void {
    if (typeof value !== 'string' || value === '') return;
    const plain = encoded ? Buffer.from(value, 'base64').toString('utf8') : value;
    // One- to three-letter values would blank half of any text and are no secrets.
    for (const form of [plain, Buffer.from(plain).toString('base64'), encoded ? value : '']) {
      if (form.trim().length > 3) this.values.add(form);
    }
  }
}
