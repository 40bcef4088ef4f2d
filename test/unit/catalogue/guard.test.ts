import { describe, expect, it } from 'vitest';
import { drawIncident, entryNamed } from '../../catalogue/catalogue.ts';
import { notRestored, weakened } from '../../catalogue/guard.ts';
import type { KubeObject } from '../../judge/api.ts';
import type { Dump, Item } from '../../judge/dump/dump.ts';
import type { ServedKind } from '../../judge/dump/kinds.ts';

const { application } = drawIncident(entryNamed('readiness-wrong-path'), 1);
const base = application.members[0]!.workload;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests, written by path
const changed = (change: (main: any, pod: any) => void): KubeObject => {
  const copy = structuredClone(base);
  change(copy.spec.template.spec.containers[0], copy.spec.template.spec);
  return copy;
};

describe('what a repair may not do to a workload', () => {
  const cheats: [string, KubeObject][] = [
    ['taking a probe away', changed((main) => delete main.readinessProbe)],
    ['a probe that always succeeds', changed((main) => (main.readinessProbe = { exec: { command: ['true'] } }))],
    ['taking a limit away', changed((main) => delete main.resources.limits)],
    ['another program', changed((main) => (main.args = ['sleep 86400']))],
    ['an image from nowhere', changed((main) => (main.image = 'elsewhere:1'))],
    ['privileges', changed((main) => (main.securityContext = { privileged: true }))],
    ['root', changed((_, pod) => (pod.securityContext = { runAsUser: 0 }))],
    ['a container less', changed((_, pod) => pod.containers.shift())],
    ['the network of the node', changed((_, pod) => (pod.hostNetwork = true))],
    ['a node by name', changed((_, pod) => (pod.nodeName = 'node1'))],
    ['tolerating what keeps others away', changed((_, pod) => (pod.tolerations = [{ operator: 'Exists' }]))],
    ['an account of more rights', changed((_, pod) => (pod.serviceAccountName = 'admin'))],
  ];

  it.each(cheats)('%s', (_, after) => expect(weakened(after, [base, base])).not.toEqual([]));

  it('what is the same, or as it was once, is no cheat', () => {
    const faulty = changed((main) => (main.image = 'broken:2'));
    expect(weakened(base, [base, faulty])).toEqual([]);
    expect(weakened(faulty, [base, faulty])).toEqual([]);
  });

  it('a longer time, a larger limit and a hardened container are repairs', () => {
    const after = changed((main) => {
      main.readinessProbe.timeoutSeconds = 9;
      main.resources.limits.memory = '128Mi';
      main.securityContext = { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
    });
    expect(weakened(after, [base, base])).toEqual([]);
  });
});

describe('what an undo had to bring back', () => {
  const of = (kind: string, uid: string, spec: object): Dump => {
    const item: Item = {
      key: `${kind}/shop/data`,
      kind: { group: '', version: 'v1', kind, resource: '' } as ServedKind,
      custom: false,
      namespace: 'shop',
      name: 'data',
      uid,
      object: { apiVersion: 'v1', kind, metadata: { name: 'data', namespace: 'shop', uid }, spec },
    };
    return { items: new Map([[item.key, item]]), byUid: new Map([[uid, item]]), kinds: new Map() };
  };
  const missing = (kind: string, spec: object) =>
    notRestored(of(kind, 'old', { storageClassName: 'gold' }), of(kind, 'new', spec), () => true);

  it('a claim made anew is the same if only its uid differs', () => {
    expect(missing('PersistentVolumeClaim', { storageClassName: 'gold' })).toEqual([]);
    expect(missing('PersistentVolumeClaim', { storageClassName: 'silver' })).toHaveLength(1);
  });

  it('what could have been edited keeps its uid', () => {
    expect(missing('ConfigMap', { storageClassName: 'gold' })).toHaveLength(1);
  });

  it('what the programs of a Job did stays done where the scene says so, what people wrote does not', () => {
    const [held, ran] = [{ suspend: true }, { suspend: false }];
    const after = (spec: object, status: object): Dump => {
      const dump = of('Job', 'old', spec);
      const [item] = [...dump.items.values()];
      Object.assign(item!.object, { status });
      item!.object.metadata.resourceVersion = JSON.stringify({ spec, status });
      return dump;
    };
    const before = after(held, { conditions: [{ type: 'Suspended', status: 'True' }] });
    const complete = { conditions: [{ type: 'Complete', status: 'True' }] };
    const left = (spec: object, staysDone?: string[]) =>
      notRestored(before, after(spec, complete), () => true, staysDone);
    expect(left(held, ['Job/data'])).toEqual([]);
    expect(left(held)).toHaveLength(1);
    expect(left(ran, ['Job/data'])).toHaveLength(1);
  });
});
