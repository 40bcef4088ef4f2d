import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { blankSecret } from '../../../src/undo/difference.ts';
import { fieldChanges, objectYaml } from '../../../src/ui/views/object-text.ts';

const deployment = (change: Partial<{ image: string; replicas: number; extra: string }> = {}): KubeObject => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: {
    name: 'geo',
    namespace: 'shop',
    uid: 'u-1',
    resourceVersion: '7',
    generation: 3,
    managedFields: [{}],
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  },
  spec: {
    replicas: change.replicas ?? 1,
    template: {
      spec: {
        containers: [
          { name: 'geo', image: change.image ?? 'shop:1' },
          { name: 'proxy', image: 'proxy:1' },
          ...(change.extra ? [{ name: change.extra, image: 'x' }] : []),
        ],
      },
    },
  },
  status: { replicas: 1 },
});

describe('objectYaml', () => {
  it('shows what people compare, in a fixed order, without what the server keeps', async () => {
    const text = await objectYaml(deployment());
    expect(text.startsWith('apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: geo\n')).toBe(true);
    expect(text).not.toMatch(/uid|resourceVersion|managedFields|generation|annotations|status/);
  });

  it('shows status only for a write to status', async () => {
    expect(await objectYaml(deployment(), 'status')).toContain('status:');
  });

  it('never shows a Secret value, whatever it is given', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { key: 'aHVudGVyMg==' } };
    const text = await objectYaml({ ...secret, stringData: { plain: 'hunter2' } });
    expect(text).toMatch(/key: •••/);
    expect(text).not.toMatch(/aHVudGVyMg|hunter2/);
  });

  it('stays YAML whatever is in it, with what does not show in escapes', async () => {
    const data = { a: 'one\ntwo\u202e \u009b31m', b: 'x\u2028\u{e0041}', 'key\u200f': '"\\', plain: 'tab\t\nline' };
    const text = await objectYaml({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data });
    expect(text).toContain('"one\\ntwo\\u202e \\x9b31m"');
    expect(text).not.toMatch(/\\u\{/);
    expect((parse(text) as { data: unknown }).data).toEqual(data);
  });

  it('is empty for an object that is not there', async () => {
    expect(await objectYaml(null)).toBe('');
  });
});

describe('fieldChanges', () => {
  it('names list elements by their name', () => {
    const changes = fieldChanges(deployment(), deployment({ image: 'shop:2', replicas: 3 }));
    expect(changes).toEqual([
      { path: 'spec.replicas', before: '1', after: '3' },
      { path: 'spec.template.spec.containers[geo].image', before: 'shop:1', after: 'shop:2' },
    ]);
  });

  it('says absent for added and removed elements', () => {
    const added = fieldChanges(deployment(), deployment({ extra: 'sidecar' }));
    expect(added).toEqual([
      { path: 'spec.template.spec.containers[sidecar]', before: null, after: '{"name":"sidecar","image":"x"}' },
    ]);
    expect(fieldChanges(deployment({ extra: 'sidecar' }), deployment())[0]!.after).toBeNull();
  });

  it('names the keys of a Secret whose values differ, and no value', () => {
    const secret = (data: Record<string, string>): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data,
    });
    const [before, after] = [secret({ password: 'b2xk', user: 'dQ==' }), secret({ password: 'bmV3', user: 'dQ==' })];
    const changes = fieldChanges(blankSecret(before), blankSecret(after, before));
    expect(changes).toEqual([{ path: 'data.password', before: '•••', after: '••• (another value)' }]);
    expect(JSON.stringify(blankSecret(after, before))).not.toMatch(/b2xk|bmV3|dQ==/);
  });

  it('has no change for equal objects that differ in server fields', () => {
    const other = deployment();
    other.metadata.resourceVersion = '8';
    expect(fieldChanges(deployment(), other)).toEqual([]);
  });
});
