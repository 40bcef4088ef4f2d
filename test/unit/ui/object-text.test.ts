import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
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

  it('has no change for equal objects that differ in server fields', () => {
    const other = deployment();
    other.metadata.resourceVersion = '8';
    expect(fieldChanges(deployment(), other)).toEqual([]);
  });
});
