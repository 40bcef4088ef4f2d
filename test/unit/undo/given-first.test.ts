import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { givenFirst } from '../../../src/undo/given-first.ts';
import type { InverseStep } from '../../../src/undo/inverse.ts';

const VERSIONS: Record<string, string> = { Deployment: 'apps/v1', StatefulSet: 'apps/v1', Gadget: 'example.test/v1' };
const object = (kind: string, name: string): KubeObject => ({
  apiVersion: VERSIONS[kind] ?? 'v1',
  kind,
  metadata: { name, namespace: 'n', uid: name },
});
/** `restore ConfigMap/a`. */
function step(text: string): InverseStep {
  const [action = '', label = ''] = text.split(' ');
  const one = object(...(label.split('/') as [string, string]));
  const at = { ref: refOf(one), path: `/${label}`, before: one, created: one, merged: false, edits: [] };
  return { ...at, action } as unknown as InverseStep;
}
const order = (...steps: (string | { seq: number })[]) =>
  givenFirst(steps.map((one) => (typeof one === 'string' ? step(one) : one))).map((one) =>
    'seq' in one ? `action ${one.seq}` : `${one.action} ${one.ref.kind}/${one.ref.name}`,
  );

describe('an undo', () => {
  it.each(['ConfigMap/a', 'Secret/a', 'ServiceAccount/a', 'LimitRange/a'])(
    'brings %s back before the pods that are made anew read it',
    (given) => {
      expect(order('restore Deployment/web', `restore ${given}`)).toEqual([
        `restore ${given}`,
        'restore Deployment/web',
      ]);
      expect(order('recreate StatefulSet/db', `recreate ${given}`)).toEqual([
        `recreate ${given}`,
        'recreate StatefulSet/db',
      ]);
    },
  );

  it('keeps the order of all else, and of what is given among itself', () => {
    const steps = [
      'restore Service/web',
      'pause StatefulSet/db',
      'replace PersistentVolumeClaim/data',
      'restore ConfigMap/b',
      'restore StatefulSet/db',
      'restore ConfigMap/a',
      'restore Gadget/g',
    ];
    expect(order(...steps)).toEqual([
      'restore Service/web',
      'restore ConfigMap/b',
      'restore ConfigMap/a',
      'pause StatefulSet/db',
      'replace PersistentVolumeClaim/data',
      'restore StatefulSet/db',
      'restore Gadget/g',
    ]);
  });

  it('takes what was created away from pods only when they are back as they were', () => {
    const steps = ['restore Deployment/web', 'remove ConfigMap/made', 'absent Secret/gone'];
    expect(order(...steps)).toEqual(steps);
    expect(order('remove Deployment/made', 'restore ConfigMap/a')).toEqual([
      'remove Deployment/made',
      'restore ConfigMap/a',
    ]);
  });

  it('does not cross an action, which was run between the writes', () => {
    expect(order('restore Deployment/web', { seq: 2 }, 'restore ConfigMap/a')).toEqual([
      'restore Deployment/web',
      'action 2',
      'restore ConfigMap/a',
    ]);
  });
});
