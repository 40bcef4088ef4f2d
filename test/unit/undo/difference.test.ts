import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/json/json.ts';
import { difference, overlaps, valueAt } from '../../../src/undo/difference.ts';
import { takeBack } from '../../../src/undo/reverse-patch.ts';

describe('difference', () => {
  it('names each field of a map that only one side has', () => {
    const with_ = { metadata: { annotations: { a: '1', b: '2' } } };
    const paths = (changes: ReturnType<typeof difference>) => changes.map(({ path }) => path.join('/')).sort();
    const both = ['metadata/annotations/a', 'metadata/annotations/b'];
    expect(paths(difference({ metadata: {} }, with_))).toEqual(both);
    expect(paths(difference(with_, { metadata: {} }))).toEqual(both);
  });

  it('names the elements of a keyed list that only one side has', () => {
    const env = [{ name: 'A', value: '1' }];
    expect(difference({}, { env })).toEqual([
      { path: ['env', { keys: { name: 'A' } }], before: undefined, after: env[0] },
    ]);
  });

  it('tells an empty map or list from none', () => {
    expect(difference({}, { emptyDir: {} })).toEqual([{ path: ['emptyDir'], before: undefined, after: {} }]);
    expect(difference({ env: [] }, {})).toEqual([{ path: ['env'], before: [], after: undefined }]);
  });

  it('a whole object that appears or goes is one change', () => {
    expect(difference(undefined, { a: { b: 1 } })).toEqual([{ path: [], before: undefined, after: { a: { b: 1 } } }]);
  });

  it('never counts what others wrote beside us as ours, whatever map or list it stands in', () => {
    const field = fc.constantFrom('labels', 'annotations', 'nodeSelector', 'limits');
    const leaves = (who: string) =>
      fc.array(fc.tuple(field, fc.constantFrom(`${who}1`, `${who}2`)), { minLength: 1, maxLength: 4 });
    const variables = (who: string) => fc.subarray([`${who}1`, `${who}2`]);
    const put = (document: Json, set: [string, string][], names: string[]) => {
      const copy = structuredClone(document) as Record<string, Record<string, Json> | Json[]>;
      for (const [map, key] of set) copy[map] = { ...(copy[map] as object), [key]: 'set' };
      const env = [...((copy.env as Json[] | undefined) ?? []), ...names.map((name) => ({ name, value: 'set' }))];
      if (env.length > 0) copy.env = env;
      return copy as Json;
    };
    const parts = [
      leaves('old'),
      variables('old'),
      leaves('ours'),
      variables('ours'),
      leaves('theirs'),
      variables('theirs'),
    ] as const;
    fc.assert(
      fc.property(...parts, (old, oldNames, ours, ourNames, theirs, theirNames) => {
        const before = put({}, old.slice(1), oldNames);
        const after = put(before, ours, ourNames);
        const live = put(after, theirs, theirNames);
        const { value, conflicts } = takeBack(before, after, live);
        expect(conflicts).toEqual([]);
        const touched = difference(before, after).map(({ path }) => path);
        const left = difference(before, value);
        expect(left.filter(({ path }) => touched.some((one) => overlaps(one, path)))).toEqual([]);
        for (const [map, key] of theirs) expect(valueAt(value, [map, key])).toBe('set');
      }),
    );
  });
});
