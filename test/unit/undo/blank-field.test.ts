import { describe, expect, it } from 'vitest';
import { blankField } from '../../../src/undo/difference.ts';

const secret = { apiVersion: 'v1', kind: 'Secret', namespace: 'n', name: 'login' };
const field = { ref: secret, path: '/data/password', expected: 'b2xk', written: 'bmV3', actual: 'eA==' };

describe('a diverged field of a Secret', () => {
  it('tells that values differ, never what they are', () => {
    expect(blankField(field)).toEqual({ ...field, expected: '(hidden)', written: '(hidden)', actual: '(hidden)' });
  });

  it('tells what is not there', () => {
    const { written, ...rest } = field;
    expect(written).toBeDefined();
    expect(blankField({ ...rest, actual: undefined })).toEqual({ ...rest, expected: '(hidden)', actual: undefined });
  });

  it('hides whole objects and annotations, which may repeat the values', () => {
    for (const path of ['', '/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration', '/stringData'])
      expect(JSON.stringify(blankField({ ...field, path }))).not.toContain('b2xk');
  });

  it('shows labels, and every field of other kinds', () => {
    const label = { ...field, path: '/metadata/labels/app' };
    expect(blankField(label)).toBe(label);
    const other = { ...field, ref: { ...secret, kind: 'ConfigMap' } };
    expect(blankField(other)).toBe(other);
  });
});
