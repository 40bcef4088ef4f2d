import { describe, expect, it } from 'vitest';
import { fencePath, policyObjects } from '../../../src/cluster/lock/fence-manifests.ts';
import { readFence } from '../../../src/cluster/lock/fence-state.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { jsonResponse, statusResponse } from '../../../src/gateway/wire/messages.ts';

/** A cluster that holds the shipped policies, changed by `change`. */
function cluster(change: (objects: Map<string, KubeObject>) => void = () => undefined, namespace = 'kube-system') {
  const objects = new Map(policyObjects(namespace).map((entry) => [fencePath(entry), structuredClone(entry.object)]));
  change(objects);
  return new KubeApi({
    handle: async ({ url }) => {
      const object = objects.get(url);
      return object ? jsonResponse(200, object) : statusResponse(404, 'not found');
    },
  });
}
const root = '/apis/admissionregistration.k8s.io/v1';
const policies = `${root}/validatingadmissionpolicies`;
const bindings = `${root}/validatingadmissionpolicybindings`;

describe('readFence', () => {
  it('stands when every object is as shipped, whatever the server adds to metadata', async () => {
    const api = cluster((objects) => {
      for (const object of objects.values()) object.metadata = { ...object.metadata, uid: 'u', generation: 4 };
    });
    expect(await readFence(api, 'kube-system')).toEqual({ state: 'standing' });
  });

  it('is absent when nothing is there, or only what stays behind after uninstalling', async () => {
    expect(
      await readFence(
        cluster((objects) => objects.clear()),
        'kube-system',
      ),
    ).toEqual({ state: 'absent' });
    const left = cluster((objects) => {
      for (const path of objects.keys()) if (!path.endsWith('/stratus-lease-watch')) objects.delete(path);
    });
    expect(await readFence(left, 'kube-system')).toEqual({ state: 'absent' });
  });

  it.each(
    policyObjects('kube-system').map((entry) => [entry.object.kind, entry.object.metadata.name, fencePath(entry)]),
  )('is broken without %s %s', async (kind, name, path) => {
    const state = await readFence(
      cluster((objects) => void objects.delete(path)),
      'kube-system',
    );
    expect(state).toMatchObject({ state: 'broken', why: expect.stringContaining(`${kind} ${name} is missing`) });
  });

  it.each<[string, string, (spec: KubeObject['spec']) => void]>([
    ['a weaker expression', `${policies}/stratus-fence`, (spec) => (spec.validations[0].expression = 'true')],
    ['another failure policy', `${policies}/stratus-fence`, (spec) => (spec.failurePolicy = 'Ignore')],
    [
      'fewer resources',
      `${policies}/stratus-fence`,
      (spec) => (spec.matchConstraints.resourceRules[0].resources = ['*']),
    ],
    ['an exception', `${policies}/stratus-guard`, (spec) => (spec.matchConstraints.excludeResourceRules = [{}])],
    ['a mere warning', `${bindings}/stratus-fence`, (spec) => (spec.validationActions = ['Warn'])],
    ['narrower binding', `${bindings}/stratus-fence`, (spec) => (spec.matchResources = { namespaceSelector: {} })],
  ])('is broken by %s', async (_what, path, alter) => {
    const state = await readFence(
      cluster((objects) => alter(objects.get(path)!.spec)),
      'kube-system',
    );
    expect(state).toMatchObject({ state: 'broken', why: expect.stringContaining('cannot be trusted') });
  });

  it('is broken, with the remedy, when it guards the lock of another namespace', async () => {
    expect(await readFence(cluster(undefined, 'ops'), 'kube-system')).toMatchObject({
      state: 'broken',
      why: expect.stringContaining('STRATUS_LOCK_NAMESPACE=ops'),
    });
  });

  it('is unreadable without the right to look', async () => {
    const api = new KubeApi({ handle: async () => statusResponse(403, 'no') });
    expect(await readFence(api, 'kube-system')).toMatchObject({
      state: 'unreadable',
      why: expect.stringContaining('get validatingadmissionpolicies'),
    });
  });
});
