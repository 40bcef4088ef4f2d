import { describe, expect, it } from 'vitest';
import { changedFields, overriddenFields } from '../../../src/kube/changed-fields.ts';
import { managersOf } from '../../../src/kube/managed-fields.ts';

describe('changed fields', () => {
  it('matches named elements by name and others by place', () => {
    const before = { c: [{ name: 'a', image: 'x:1' }, { name: 'b' }], list: [1, 2], same: { k: [1] } };
    const after = { c: [{ name: 'b' }, { name: 'a', image: 'x:2' }], list: [1, 3], same: { k: [1] }, 'new.key': true };
    expect(changedFields(before, after)).toEqual([
      { path: 'c[a].image', before: 'x:1', after: 'x:2' },
      { path: 'list[1]', before: 2, after: 3 },
      { path: '["new.key"]', before: undefined, after: true },
    ]);
  });

  it('of what was applied, tells what is otherwise, not what was added or is only spelled otherwise', () => {
    const wanted = { cpu: '0.5', replicas: 2, labels: {}, port: 80 };
    expect(overriddenFields(wanted, { cpu: '500m', replicas: 0, port: 80, added: 1 })).toEqual([
      { path: 'replicas', before: 2, after: 0 },
    ]);
  });
});

it('managers of fields come latest first, with readable paths', () => {
  const fieldsV1 = {
    'f:spec': {
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"geo"}': { '.': {}, 'f:image': {} } } } },
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { 'f:targetPort': {} } },
    },
  };
  const metadata = {
    name: 'x',
    managedFields: [
      {
        manager: 'kubectl',
        operation: 'Apply',
        time: '2031-01-01T00:00:00Z',
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a/b': {} } } },
      },
      { manager: 'patch', operation: 'Update', time: '2031-01-02T00:00:00Z', fieldsV1 },
      { manager: 'old', fieldsV1: null },
    ],
  };
  expect(managersOf({ apiVersion: 'v1', kind: 'X', metadata })).toMatchObject([
    { by: 'patch', fields: ['spec.template.spec.containers[geo].image', 'spec.ports[80/TCP].targetPort'] },
    { by: 'kubectl', operation: 'Apply', fields: ['metadata.labels["a/b"]'] },
    { by: 'old', at: null, fields: [] },
  ]);
});
