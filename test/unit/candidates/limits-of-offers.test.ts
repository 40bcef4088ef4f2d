import { describe, expect, it } from 'vitest';
import type { Candidates } from '../../../src/agents/candidates/candidate.ts';
import { enumerateCandidates } from '../../../src/agents/candidates/enumerate.ts';
import { World } from '../playbooks/builders.ts';
import { NOTHING_FOUND, severityOf } from './recorded.ts';

function offersOf(world: World): Candidates {
  const snapshot = world.snapshot();
  return enumerateCandidates({ snapshot, severity: severityOf(snapshot, true), diagnosis: NOTHING_FOUND });
}

const texts = ({ actions }: Candidates) => actions.map(({ text }) => text).join('\n');
const changes = ({ actions }: Candidates) => JSON.stringify(actions.map((action) => action.changes));

describe.each([3, 41])('what is offered without a playbook (seed %i)', (seed) => {
  it('gives no probe up, and takes no restriction away, to go back to an earlier state', () => {
    const world = new World(seed);
    const now = world.container({ securityContext: { runAsNonRoot: true }, env: [{ name: 'A', value: 'new' }] });
    const { readinessProbe: probe, securityContext: hardened, ...before } = now;
    expect([probe, hardened]).not.toContain(undefined);
    const workload = world.workload({
      containers: [now],
      pods: 'pending',
      earlier: [{ containers: [{ ...before, env: [] }] }],
    });
    const offers = offersOf(world);
    expect(texts(offers)).toContain(`restore env of container ${now.name} of Deployment ${workload.metadata.name}`);
    expect(changes(offers)).not.toMatch(/"op":"remove","path":"[^"]*(?:Probe|securityContext|runAsNonRoot)"/);
    expect(changes(offers)).not.toContain('rollout-undo');
  });

  it('hands no Secret of another workload out, and points at a free one of a similar name', () => {
    const world = new World(seed);
    const use = (name: string) => [{ name: 'P', valueFrom: { secretKeyRef: { name, key: 'p' } } }];
    world.secret(['p'], { name: 'ledger-logins' });
    world.secret(['p'], { name: 'ledger-login' });
    world.workload({ containers: [world.container({ env: use('ledger-logins') })] });
    world.workload({
      containers: [world.container({ env: use('ledger-lgin') })],
      pods: 'waiting',
      waiting: { reason: 'CreateContainerConfigError' },
    });
    const offers = offersOf(world);
    expect(texts(offers)).toContain('Secret ledger-login in place of Secret ledger-lgin');
    expect(texts(offers)).not.toContain('ledger-logins');
  });

  it('leaves the system, policies, quotas, budgets, claims and rights as they are', () => {
    const world = new World(seed);
    world.workload({ namespace: 'kube-system', pods: 'pending', earlier: [{ podSpec: { dnsPolicy: 'None' } }] });
    world.workload({ pods: 'none', replicas: 2 });
    world.add('ResourceQuota', 'v1', 'small', { spec: { hard: { pods: '0' } } });
    world.add('PersistentVolumeClaim', 'v1', 'data', { spec: {}, status: { phase: 'Pending' } });
    const kinds = offersOf(world).actions.map(({ object }) => `${object.kind} ${object.namespace ?? ''}`);
    expect(kinds.filter((kind) => /Quota|Claim|Policy|Budget|Role|kube-/.test(kind))).toEqual([]);
  });

  it('shows nothing of what it reads that is no plain text, and no credential', () => {
    const world = new World(seed);
    const password = 'hunter2hunter2';
    const value = `postgres://app:${password}@ledger:5432/\u202E\u0007`;
    const now = world.container({ env: [{ name: 'DB', value }] });
    world.workload({
      containers: [now],
      pods: 'pending',
      earlier: [{ containers: [{ ...now, env: [{ name: 'DB', value: 'x' }] }] }],
    });
    const { causes, actions } = offersOf(world);
    const shown = JSON.stringify([causes, actions.map(({ text, expects }) => [text, expects])]);
    expect(shown).toContain('variable DB');
    expect(shown).not.toMatch(/hunter2|\\u0007|\u202E/u);
  });
});
