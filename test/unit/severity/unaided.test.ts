import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { UnaidedRecovery } from '../../../src/severity/unaided.ts';
import { deployment, NOW, object, ownedBy, pod, snapshot } from '../cluster/objects.ts';

const REVISION = 'deployment.kubernetes.io/revision';

function rollout() {
  const { deploy, set } = deployment('plum', { replicas: 1, metadata: { annotations: { [REVISION]: '2' } } });
  set.metadata.annotations = { [REVISION]: '2' };
  const former = object('ReplicaSet', 'plum-old', {
    ...{ spec: set.spec, status: set.status },
    metadata: { ...ownedBy(deploy), annotations: { [REVISION]: '1' } },
  });
  return { deploy, set, former };
}

const { deploy, set, former } = rollout();
const old = pod('old', 'fell', former);
const wake = (one: KubeObject, more: object = {}): KubeObject => {
  const { status, metadata } = pod('old', 'ready', former);
  const lastTransitionTime = new Date(NOW).toISOString();
  const conditions = status.conditions.map((each: object) => ({ ...each, lastTransitionTime }));
  const running = {
    ...one.status,
    ...status,
    conditions,
    containerStatuses: one['status'].containerStatuses as unknown,
  };
  return { ...one, metadata: { ...metadata, uid: one.metadata.uid, ...more } as typeof metadata, status: running };
};

function told(roots: KubeObject[], ...looks: KubeObject[][]): string | null {
  const recovery = new UnaidedRecovery(roots.map(refOf));
  for (const objects of looks) recovery.look(snapshot([deploy, set, former, ...objects]));
  return recovery.text;
}

describe('a pod of the former template that becomes ready during a rollout', () => {
  it('tells that the change was not what helped', () => {
    expect(told([deploy], [old], [wake(old), pod('new', 'ready', set)])).toContain('pod old, made from the template');
  });

  it('tells so, too, once it is stopped', () => {
    const stopped = { ...old, metadata: { ...old.metadata, deletionTimestamp: new Date(NOW).toISOString() } };
    expect(told([deploy], [old], [wake(old)], [stopped])).not.toBeNull();
    expect(told([deploy], [old], [stopped])).toBeNull();
  });

  it('tells nothing where it falls back, began anew, or was never unready for long', () => {
    expect(told([deploy], [old], [wake(old)], [old])).toBeNull();
    const anew = wake(old);
    anew['status'] = structuredClone(anew['status']);
    anew['status'].containerStatuses[0].state = { running: { startedAt: new Date(NOW).toISOString() } };
    expect(told([deploy], [old], [anew])).toBeNull();
    const young = structuredClone(old);
    for (const each of young['status'].conditions) each.lastTransitionTime = new Date(NOW - 5_000).toISOString();
    expect(told([deploy], [young], [wake(young)])).toBeNull();
  });

  it('tells nothing where more was changed, or the pod is of the present template', () => {
    expect(told([deploy, object('ConfigMap', 'settings')], [old], [wake(old)])).toBeNull();
    const present = pod('present', 'fell', set);
    expect(told([deploy], [present], [{ ...pod('present', 'ready', set), metadata: present.metadata }])).toBeNull();
  });
});
