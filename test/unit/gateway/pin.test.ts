import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { onlyStatusMoved, pinBody, resolveGeneratedName } from '../../../src/gateway/write/pin.ts';
import { readWriteBody, UnreadableBody } from '../../../src/gateway/wire/write-body.ts';

const before: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', uid: 'u', resourceVersion: '7' },
  data: { x: '1' },
};
const pin = (type: string, value: unknown) =>
  pinBody('update', readWriteBody(type, Buffer.from(JSON.stringify(value))), before);

describe('pinBody', () => {
  it.each([
    'application/json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
  ])('puts version and uid into %s', (type) => {
    expect(pin(type, { data: { x: '2' } })).toEqual({ data: { x: '2' }, metadata: { uid: 'u', resourceVersion: '7' } });
  });

  it('tests both in a JSON patch', () => {
    expect(pin('application/json-patch+json', [{ op: 'remove', path: '/data/x' }])).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'u' },
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'remove', path: '/data/x' },
    ]);
  });

  it('keeps the version that the client named', () => {
    expect(pin('application/json', { metadata: { resourceVersion: '3' } })).toMatchObject({
      metadata: { resourceVersion: '3' },
    });
  });

  it('makes deletions and evictions conditional', () => {
    const preconditions = { uid: 'u', resourceVersion: '7' };
    expect(pinBody('delete', { form: 'none', value: null }, before)).toMatchObject({ preconditions });
    const eviction = { form: 'object' as const, value: { kind: 'Eviction', metadata: { name: 'a' } } };
    expect(pinBody('evict', eviction, before)).toMatchObject({ kind: 'Eviction', deleteOptions: { preconditions } });
  });
});

describe('readWriteBody', () => {
  it('reads YAML as the server does', () => {
    expect(readWriteBody('application/apply-patch+yaml', Buffer.from('data:\n  a: yes\n')).value).toEqual({
      data: { a: true },
    });
  });

  it.each([
    ['application/cbor', '{}'],
    ['application/json', '[1]'],
    ['application/json', '{'],
    ['application/json-patch+json', '{}'],
    ['application/vnd.kubernetes.protobuf', '{}'],
    ['text/plain', 'x'],
  ])('refuses %s %s', (type, text) => {
    expect(() => readWriteBody(type, Buffer.from(text))).toThrow(UnreadableBody);
  });

  it('reads the deletions that kubectl sends as protobuf', () => {
    const type = Buffer.concat([
      Buffer.from([0x0a, 2]),
      Buffer.from('v1'),
      Buffer.from([0x12, 13]),
      Buffer.from('DeleteOptions'),
    ]);
    const raw = Buffer.concat([Buffer.from([0x08, 30]), Buffer.from([0x22, 10]), Buffer.from('Background')]);
    const bytes = Buffer.concat([
      Buffer.from('k8s\0'),
      Buffer.from([0x0a, type.length]),
      type,
      Buffer.from([0x12, raw.length]),
      raw,
    ]);
    expect(readWriteBody('application/vnd.kubernetes.protobuf', bytes).value).toEqual({
      gracePeriodSeconds: 30,
      propagationPolicy: 'Background',
    });
  });
});

describe('onlyStatusMoved', () => {
  it('tells a status update from an edit, a deletion and another object', () => {
    const now = (more: object, metadata: object = {}) =>
      ({ ...before, ...more, metadata: { ...before.metadata, resourceVersion: '8', ...metadata } }) as KubeObject;
    expect(onlyStatusMoved(before, now({ status: { x: 1 } }))).toBe(true);
    expect(onlyStatusMoved(before, now({ data: { x: '2' } }))).toBe(false);
    expect(onlyStatusMoved(before, now({}, { deletionTimestamp: 'now' }))).toBe(false);
    expect(onlyStatusMoved(before, now({}, { uid: 'other' }))).toBe(false);
    expect(onlyStatusMoved(before, null)).toBe(false);
  });
});

describe('resolveGeneratedName', () => {
  it('names what has no name and nothing else', () => {
    const nameless = { ...before, metadata: { generateName: 'job-' } } as unknown as KubeObject;
    expect(resolveGeneratedName(nameless, () => 0).metadata.name).toBe('job-bbbbb');
    expect(resolveGeneratedName(before, () => 0)).toBe(before);
  });
});
