import { own } from '../../json/json-map.ts';
import type { Json } from '../../json/json.ts';
import { MAX_DEPTH } from '../../json/lossless-json.ts';
import { DuplicateKey, JsonTooDeep, readJson } from '../../json/read-json.ts';
import { readDeleteOptions, readEnvelope, readEviction } from './protobuf.ts';
import { readYaml } from './yaml-body.ts';

/** The object that a body makes is nested a little deeper: its managed fields repeat the body's paths. */
export const MAX_BODY_DEPTH = MAX_DEPTH - 100;

/** How a write body is to be read; `none` for an empty one. */
export type BodyForm = 'none' | 'object' | 'protobuf' | 'merge-patch' | 'strategic-patch' | 'json-patch' | 'apply';

export interface WriteBody {
  form: BodyForm;
  /** Parsed value; null for `none`. What is forwarded is written anew from it unless `raw` is there. */
  value: Json;
  /** Protobuf as it came: only of objects to create or replace, which the server itself then tells in JSON. */
  raw?: Buffer;
}

/** The body cannot be understood, and what is not understood is not journalled. */
export class UnreadableBody extends Error {}

const FORMS: Record<string, BodyForm> = {
  'application/json': 'object',
  'application/merge-patch+json': 'merge-patch',
  'application/strategic-merge-patch+json': 'strategic-patch',
  'application/json-patch+json': 'json-patch',
  'application/apply-patch+yaml': 'apply',
  'application/yaml': 'object',
};

/**
 * @throws UnreadableBody for CBOR, anything that is not one JSON (or YAML) value or known protobuf, an object with a key
 * twice (the server, which is sent what was understood here, could not tell) and nesting deeper than MAX_BODY_DEPTH
 */
export function readWriteBody(contentType: string | undefined, bytes: Buffer): WriteBody {
  if (bytes.length === 0) return { form: 'none', value: null };
  const type = (contentType ?? 'application/json').split(';')[0]!.trim().toLowerCase();
  if (type === 'application/vnd.kubernetes.protobuf') return readProtobuf(bytes);
  const form = own(FORMS, type);
  if (!form) throw new UnreadableBody(`a body of type ${type.slice(0, 80)} cannot be journalled; JSON can`);
  const text = bytes.toString('utf8');
  try {
    const value = type.endsWith('yaml') ? readYamlOrJson(text) : readBody(text);
    if (typeof value !== 'object' || value === null) throw new Error('not an object');
    if ((form === 'json-patch') !== Array.isArray(value)) throw new Error('not what its type says');
    return { form, value };
  } catch (error) {
    throw new UnreadableBody(`the body cannot be read: ${(error as Error).message.slice(0, 400)}`);
  }
}

const readBody = (text: string) => readJson(text, { maxDepth: MAX_BODY_DEPTH, uniqueKeys: true });

/** kubectl sends JSON under the name of YAML, of which it is a part. */
function readYamlOrJson(text: string): Json {
  try {
    return readBody(text);
  } catch (error) {
    if (error instanceof DuplicateKey || error instanceof JsonTooDeep) throw error;
    return readYaml(text, MAX_BODY_DEPTH);
  }
}

/** kubectl's typed commands (create, drain, …) speak protobuf. */
function readProtobuf(bytes: Buffer): WriteBody {
  try {
    const { apiVersion, kind, raw } = readEnvelope(bytes);
    if (kind === 'DeleteOptions') return { form: 'object', value: readDeleteOptions(raw) };
    if (kind === 'Eviction') return { form: 'object', value: readEviction(apiVersion, raw) };
    return { form: 'protobuf', value: null, raw: bytes };
  } catch (error) {
    throw new UnreadableBody(`the protobuf body cannot be read: ${(error as Error).message}`);
  }
}
