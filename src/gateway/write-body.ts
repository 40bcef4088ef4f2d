import { parse as parseYaml } from 'yaml';
import type { Json } from '../domain/kube-object.ts';
import { readDeleteOptions, readEnvelope, readEviction } from './protobuf.ts';

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

/** @throws UnreadableBody for CBOR and anything that is not one JSON (or YAML) value or known protobuf. */
export function readWriteBody(contentType: string | undefined, bytes: Buffer): WriteBody {
  if (bytes.length === 0) return { form: 'none', value: null };
  const type = (contentType ?? 'application/json').split(';')[0]!.trim().toLowerCase();
  if (type === 'application/vnd.kubernetes.protobuf') return readProtobuf(bytes);
  const form = FORMS[type];
  if (!form) throw new UnreadableBody(`a body of type ${type.slice(0, 80)} cannot be journalled; JSON can`);
  const text = bytes.toString('utf8');
  try {
    const value: unknown = type.endsWith('yaml')
      ? parseYaml(text, { version: '1.1', schema: 'yaml-1.1' })
      : JSON.parse(text);
    if (typeof value !== 'object' || value === null) throw new Error('not an object');
    if ((form === 'json-patch') !== Array.isArray(value)) throw new Error('not what its type says');
    return { form, value: value as Json };
  } catch (error) {
    throw new UnreadableBody(`the body cannot be read: ${(error as Error).message.slice(0, 120)}`);
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
