import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../src/domain/kube-object.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { StepRehearsal } from '../../../src/domain/transaction.ts';
import { outsideOf } from '../../../src/domain/transaction.ts';
import { delicateWrites } from '../../../src/run/incident/delicate-writes.ts';
import { recordedSnapshot, severityOf } from '../../support/recorded.ts';

const snapshot = recordedSnapshot('shop-target-port');
const [namespace] = snapshot.namespaces as [string];
const severity = severityOf(snapshot);

function planOf(byModel: boolean): Plan {
  return {
    hash: 'h',
    title: 't',
    findingId: '',
    steps: [{ type: 'kubectl', argv: ['apply', '-f', '{{a.yaml}}'], why: '' }],
    files: [],
    expects: '',
    ...(byModel ? { byModel: true } : {}),
  };
}

const rehearsal = (...refs: ObjectRef[]): StepRehearsal[] => [
  {
    argv: ['apply'],
    ok: true,
    problem: '',
    partial: false,
    writes: refs.map((ref) => ({
      ref,
      method: 'PATCH',
      before: null,
      after: null,
      undo: { class: 'exact', residue: [], inverse: '' },
    })),
  },
];
const ref = (kind: string, name: string, inside: string | undefined = namespace): ObjectRef => ({
  apiVersion: 'v1',
  kind,
  name,
  ...(inside ? { namespace: inside } : {}),
});
const judged = (steps: StepRehearsal[], byModel = true) => delicateWrites(planOf(byModel), steps, snapshot, severity);

describe('commands that a model wrote', () => {
  it('may run unasked where they write what the fault concerns', () => {
    expect(judged(rehearsal(ref('Service', 'profile')))).toBeNull();
    expect(judged(rehearsal(ref('Deployment', 'profile')))).toBeNull();
  });

  it.each([
    ['a node', ref('Node', 'node1', ''), /Node\/node1, which belongs to the whole cluster/],
    ['a namespace', ref('Namespace', 'default', ''), /belongs to the whole cluster/],
    ['a Secret', ref('Secret', 'profile'), /writes Secret/],
    ['a policy', ref('NetworkPolicy', 'deny-all'), /writes NetworkPolicy/],
    ['a kind that nobody knows', ref('Widget', 'profile'), /writes Widget/],
    ['a workload that is well', ref('Deployment', 'user'), /has nothing to do with what is unhealthy/],
    ['a new object that nothing asks for', ref('Service', 'brand-new'), /has nothing to do with/],
  ])('want a person where they write %s beside it', (_, other, told) => {
    expect(judged(rehearsal(ref('Service', 'profile'), other))).toMatch(told);
    // A plan of an engineer is theirs.
    expect(judged(rehearsal(other), false)).toBeNull();
  });

  it('want a person where nobody can tell what they write', () => {
    expect(judged(rehearsal())).toMatch(/nobody can tell beforehand/);
    expect(judged([])).toMatch(/nobody can tell beforehand/);
  });
});

describe('writes outside the namespace', () => {
  it('are told by the object, whatever the command says', () => {
    const writes = rehearsal(ref('Service', 'profile'), ref('Service', 'frontend', 'other'))[0]!.writes;
    expect(outsideOf(writes, [namespace])).toMatch(/Service\/other\/frontend: writes are limited to namespace/);
    expect(outsideOf(writes.slice(0, 1), [namespace])).toBeNull();
    expect(outsideOf(rehearsal(ref('Node', 'node1', ''))[0]!.writes, [namespace])).toBeNull();
  });
});
