import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const RULE = 'foreign-service';
const THERE = 'ledger-team';

/** A caller here, and a Service in another namespace with a workload behind it. */
function calling(seed: number, { replicas = 0, ready = false, selector = { app: 'ledger' } as Loose } = {}) {
  const world = new World(seed);
  const container = world.container({ env: [{ name: 'LEDGER_URL', value: `http://ledger.${THERE}.svc:8080` }] });
  const caller = world.workload({ containers: [container] });
  world.elsewhere('Service', 'v1', THERE, 'ledger', { spec: { selector, ports: [{ port: 8080 }] } });
  world.elsewhere('EndpointSlice', 'discovery.k8s.io/v1', THERE, 'ledger-1', {
    metadata: { labels: { 'kubernetes.io/service-name': 'ledger' } },
    endpoints: [{ conditions: { ready } }],
  });
  world.elsewhere('Deployment', 'apps/v1', THERE, 'ledger-app', {
    metadata: {
      managedFields: [
        { manager: 'kubectl-scale', time: '2031-05-06T07:00:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
      ],
    },
    spec: {
      replicas,
      template: {
        metadata: { labels: { app: 'ledger' } },
        spec: { containers: [{ name: 'a', image: 'r.example/a' }] },
      },
    },
    status: { readyReplicas: 0 },
  });
  return { world, caller };
}

describe.each([5, 41])('a Service of another namespace (seed %i)', (seed) => {
  it('is named with the workload behind it that was scaled to 0, and nothing is changed there', async () => {
    const { world, caller } = calling(seed);
    const finding = await onlyFinding(world, RULE);
    expect(finding.object).toMatchObject({ kind: 'Service', namespace: THERE, name: 'ledger' });
    expect(finding.message).toContain(`Deployment ${caller.metadata.name} asks Service ledger`);
    expect(finding.message).toContain(`Deployment ${THERE}/ledger-app is scaled to 0`);
    expect(finding.evidence.map(({ text }) => text).join()).toContain('kubectl-scale');
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(THERE);
  });

  it('is named with what its workload has where that should run, or where it selects nobody', async () => {
    expect((await onlyFinding(calling(seed, { replicas: 2 }).world, RULE)).message).toContain('has 0 ready pods');
    const none = calling(seed, { selector: { app: 'other' } }).world;
    expect((await onlyFinding(none, RULE)).message).toContain('no workload there');
  });

  it('is no matter while it is served, or has no selector', async () => {
    for (const shape of [{ ready: true }, { selector: {} }]) {
      expect(byRule(await calling(seed, shape).world.diagnose(), RULE)).toEqual([]);
    }
  });

  it('is unknown where it may not be read', async () => {
    const { world } = calling(seed);
    const context = world.context();
    const refused = { ...context.evidence, list: () => Promise.reject(new Error('forbidden')) };
    const { PlaybookBrain } = await import('../../../src/agents/playbooks/playbook-brain.ts');
    const { findings } = await new PlaybookBrain().diagnose({ ...context, evidence: refused });
    expect(byRule(findings, RULE)).toEqual([]);
  });
});
