import type { Json } from '../../json/json.ts';
import { RawNumber } from '../../json/raw-number.ts';

/** Not the few protobuf messages that this file reads. */
export class UnreadableProtobuf extends Error {}

type Field = { number: number; varint: bigint } | { number: number; bytes: Buffer };

const MAGIC = Buffer.from('k8s\0');

/** Kind and raw message of the envelope in which Kubernetes sends protobuf (magic, then runtime.Unknown). */
export function readEnvelope(bytes: Buffer): { apiVersion: string; kind: string; raw: Buffer } {
  if (!bytes.subarray(0, 4).equals(MAGIC)) throw new UnreadableProtobuf('no Kubernetes protobuf envelope');
  const fields = readFields(bytes.subarray(4));
  const type = readFields(message(fields, 1));
  if (text(fields, 3) !== '') throw new UnreadableProtobuf('an encoded protobuf envelope');
  return { apiVersion: text(type, 1), kind: text(type, 2), raw: message(fields, 2) };
}

/** DeleteOptions of meta/v1 as JSON. */
export function readDeleteOptions(raw: Buffer): { [key: string]: Json } {
  const fields = readFields(raw);
  const result: { [key: string]: Json } = {};
  for (const field of fields) {
    switch (field.number) {
      case 1:
        if ('varint' in field) result.gracePeriodSeconds = RawNumber.of(String(BigInt.asIntN(64, field.varint)));
        break;
      case 2: {
        const preconditions = readFields(message(fields, 2));
        const [uid, resourceVersion] = [text(preconditions, 1), text(preconditions, 2)];
        result.preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
        break;
      }
      case 3:
        if ('varint' in field) result.orphanDependents = field.varint !== 0n;
        break;
      case 4:
        result.propagationPolicy = text(fields, 4);
        break;
      case 5:
        if ('bytes' in field)
          result.dryRun = [...((result.dryRun as string[] | undefined) ?? []), field.bytes.toString('utf8')];
        break;
      default:
        throw new UnreadableProtobuf(`DeleteOptions field ${field.number}`);
    }
  }
  return result;
}

/** Eviction of policy/v1 as JSON; of its metadata only name and namespace matter. */
export function readEviction(apiVersion: string, raw: Buffer): { [key: string]: Json } {
  const fields = readFields(raw);
  const metadata = readFields(message(fields, 1));
  const [name, namespace] = [text(metadata, 1), text(metadata, 3)];
  const options = fields.some((field) => field.number === 2) ? readDeleteOptions(message(fields, 2)) : {};
  return {
    apiVersion,
    kind: 'Eviction',
    metadata: { name, ...(namespace ? { namespace } : {}) },
    deleteOptions: options,
  };
}

/** Values of a map from text to text or bytes. */
export function readStringMap(raw: Buffer, number: number): Buffer[] {
  return readFields(raw).flatMap((field) =>
    field.number === number && 'bytes' in field ? [message(readFields(field.bytes), 2)] : [],
  );
}

function readFields(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new UnreadableProtobuf('cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new UnreadableProtobuf('number too long');
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    if ((tag & 7) === 0) fields.push({ number, varint: varint() });
    else if ((tag & 7) === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new UnreadableProtobuf('cut off');
      fields.push({ number, bytes: bytes.subarray(at, at + length) });
      at += length;
    } else throw new UnreadableProtobuf(`wire type ${tag & 7}`);
  }
  return fields;
}

function message(fields: Field[], number: number): Buffer {
  const field = fields.findLast((entry) => entry.number === number);
  return field && 'bytes' in field ? field.bytes : Buffer.alloc(0);
}

function text(fields: Field[], number: number): string {
  return message(fields, number).toString('utf8');
}
