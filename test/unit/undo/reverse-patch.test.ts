import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/json/json.ts';
import { sameJson } from '../../../src/json/same-json.ts';
import { difference, pointer } from '../../../src/undo/difference.ts';
import type { PatchOperation } from '../../../src/undo/reverse-patch.ts';
import { guardedPatch, selfGuardedPatch, takeBack } from '../../../src/undo/reverse-patch.ts';

const container = (name: string, image: string) => ({ name, image });
const spec = (...containers: Json[]) => ({ spec: { replicas: 2, containers } });

/** RFC 6902, enough of it, written independently of what is tested. */
function apply(document: Json, operations: PatchOperation[]): Json {
  const root = { root: structuredClone(document) } as { root: Json };
  for (const operation of operations) {
    const keys = [
      'root',
      ...operation.path
        .split('/')
        .slice(1)
        .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')),
    ];
    const last = keys.pop()!;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    const parent = keys.reduce((value: any, key) => value[key], root);
    if (operation.op === 'test') expect(parent[last]).toEqual(operation.value);
    else if (operation.op === 'remove') delete parent[last];
    else parent[last] = operation.value;
  }
  return root.root;
}

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(1, 2, 'a', 'b', true, null),
    fc.dictionary(fc.constantFrom('a', 'b/c', '~d'), tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 })
      .chain((names) => fc.tuple(...names.map((name) => fc.constantFrom(1, 2).map((image) => ({ name, image })))))
      .map((containers) => ({ containers })),
  ),
})).value;

describe('takeBack', () => {
  it('puts what was taken away back where it was, beside what others added', () => {
    const named = (...names: string[]) => spec(...names.map((name) => container(name, 'v1')));
    const { value, conflicts } = takeBack(named('a', 'b', 'c', 'd'), named('c'), named('x', 'c', 'y'));
    expect(conflicts).toEqual([]);
    expect(value).toEqual(named('a', 'b', 'x', 'c', 'd', 'y'));
  });

  it('is done with lists as long as an object can be', () => {
    const env = (count: number, value: string) => ({
      env: Array.from({ length: count }, (_, n) => ({ name: `V${n}`, value })),
    });
    const [before, after] = [env(20_000, 'a'), env(20_000, 'b')];
    const live = { env: [...after.env.slice(0, -1), { name: 'THEIRS', value: 'c' }] };
    const { value, conflicts } = takeBack(before, after, live);
    expect(conflicts).toHaveLength(1);
    expect(sameJson(value, { env: [...before.env.slice(0, -1), { name: 'THEIRS', value: 'c' }] })).toBe(true);
    const emptied = takeBack(before, env(1, 'a'), env(1, 'a'));
    expect(sameJson(emptied.value, before)).toBe(true);
  });

  it('is the inverse when nobody else wrote', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const { value, conflicts } = takeBack(before, after, after);
        expect(conflicts).toEqual([]);
        expect(sameJson(value, before)).toBe(true);
      }),
    );
  });

  it('changes nothing when it was already taken back', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(takeBack(before, after, before)).toEqual({ value: before, conflicts: [] });
      }),
    );
  });

  it('leaves others alone when we wrote nothing', () => {
    fc.assert(
      fc.property(json, json, (before, live) => {
        expect(takeBack(before, before, live)).toEqual({ value: live, conflicts: [] });
      }),
    );
  });

  it('keeps what others changed beside our path', () => {
    const before = spec(container('a', '1'), container('b', '1'));
    const after = spec(container('a', '2'), container('b', '1'));
    const live = { spec: { replicas: 7, containers: [container('c', '1'), container('a', '2'), container('b', '9')] } };
    expect(takeBack(before, after, live)).toEqual({
      value: { spec: { replicas: 7, containers: [container('c', '1'), container('a', '1'), container('b', '9')] } },
      conflicts: [],
    });
  });

  it('names the path that others changed after us', () => {
    const { conflicts, value } = takeBack(
      spec(container('a', '1')),
      spec(container('a', '2')),
      spec(container('a', '3')),
    );
    expect(conflicts).toHaveLength(1);
    expect(pointer(conflicts[0]!.path, value)).toBe('/spec/containers/0/image');
    expect(conflicts[0]).toMatchObject({ expected: '1', actual: '3' });
    expect(value).toEqual(spec(container('a', '3')));
  });

  it('brings a removed element back to its place and removes an added one', () => {
    const before = spec(container('a', '1'), container('b', '1'), container('c', '1'));
    const after = spec(container('a', '1'), container('c', '1'), container('new', '1'));
    const live = spec(container('a', '5'), container('c', '1'), container('new', '1'), container('theirs', '1'));
    expect(takeBack(before, after, live).value).toEqual(
      spec(container('a', '5'), container('b', '1'), container('c', '1'), container('theirs', '1')),
    );
  });

  it('takes away a map that came with us only when nobody else put something in', () => {
    const before = { metadata: {} };
    const after = { metadata: { annotations: { ours: '1' } } };
    expect(takeBack(before, after, after).value).toEqual(before);
    const live = { metadata: { annotations: { ours: '1', theirs: '2' } } };
    expect(takeBack(before, after, live).value).toEqual({ metadata: { annotations: { theirs: '2' } } });
  });

  it('treats a reordered list as one value', () => {
    const before = spec(container('a', '1'), container('b', '1'));
    const after = spec(container('b', '1'), container('a', '1'));
    expect(takeBack(before, after, after).value).toEqual(before);
    expect(takeBack(before, after, spec(container('b', '2'), container('a', '1'))).conflicts).toHaveLength(1);
  });
});

describe('guardedPatch', () => {
  it('leads from one document to the other and tests what it replaces', () => {
    fc.assert(
      fc.property(json, json, (live, target) => {
        const operations = guardedPatch(live, target);
        expect(apply(live, operations)).toEqual(target);
        for (const [index, operation] of operations.entries()) {
          if (operation.op === 'replace' || operation.op === 'remove') {
            expect(operations[index - 1]).toMatchObject({ op: 'test', path: operation.path });
          }
        }
      }),
    );
  });
});

describe('difference', () => {
  it('is empty exactly for equal documents', () => {
    fc.assert(fc.property(json, json, (a, b) => (difference(a, b).length === 0) === sameJson(a, b)));
  });

  it('names elements of keyed lists by index and escapes keys', () => {
    const before = { spec: { containers: [container('a', '1'), container('b', '1')] }, data: { 'a/b~c': 1 } };
    const after = { spec: { containers: [container('a', '1'), container('b', '2')] }, data: { 'a/b~c': 2 } };
    expect(difference(before, after).map((change) => pointer(change.path, before, after))).toEqual([
      '/spec/containers/1/image',
      '/data/a~1b~0c',
    ]);
  });
});

describe('a patch that guards itself without the version', () => {
  const live = { metadata: { labels: { a: '1' } }, spec: { list: [1, 2], map: { x: 'ours', y: 'theirs' }, n: 2 } };

  it('tests what it replaces, the map it adds to and the list it addresses by index', () => {
    const target = { metadata: { labels: { a: '1', b: '2' } }, spec: { list: [1, 3], map: { y: 'theirs' }, n: 1 } };
    expect(selfGuardedPatch(live, target)).toEqual([
      { op: 'test', path: '/metadata/labels', value: { a: '1' } },
      { op: 'test', path: '/spec/list', value: [1, 2] },
      ...guardedPatch(live, target),
    ]);
  });

  it('is not possible where something is added beside what the server owns', () => {
    expect(selfGuardedPatch(live, { ...live, data: {} })).toBeNull();
    expect(selfGuardedPatch(live, { ...live, metadata: { ...live.metadata, annotations: { a: '1' } } })).toBeNull();
  });
});
