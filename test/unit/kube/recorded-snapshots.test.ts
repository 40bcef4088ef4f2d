import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { kubectlSteps } from '../../../src/domain/plan.ts';
import { NO_LIMIT } from '../../../src/domain/budget.ts';
import { itemId } from '../../../src/domain/severity.ts';
import type { ClusterSnapshot } from '../../../src/domain/snapshot.ts';
import { affectedBy } from '../../../src/kube/affected.ts';
import { referencesTo } from '../../../src/kube/references-to-service.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { evaluateHealth } from '../../../src/severity/health-oracle.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/**
 * Verdicts and findings on snapshots of real clusters (the demo shop with each fault, generated applications), against
 * those of the code in which oracles and rules each had a knowledge of Kubernetes of their own.
 */
interface Verdicts {
  items: string[];
  progressing: string[];
  findings: string[];
  plan: string[] | null;
}

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'snapshots');
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.json.gz') ? [file.slice(0, -8)] : []));
const read = (name: string) =>
  JSON.parse(gunzipSync(readFileSync(join(folder, `${name}.json.gz`))).toString()) as ClusterSnapshot;
const former = JSON.parse(readFileSync(join(folder, 'former-verdicts.json'), 'utf8')) as Record<string, Verdicts>;

/** Where the one knowledge says something else on purpose. */
const CORRECTIONS: Record<string, Partial<Verdicts>> = {
  // A key is put back into the very ConfigMap that was read, not into what it has become.
  'seed-29-lost-key': {
    plan: [
      'patch configmap bakery-settings -n bakery-blue-r4e6 --type=json -p=' +
        JSON.stringify([
          { op: 'test', path: '/metadata/resourceVersion', value: '11376' },
          { op: 'add', path: '/data/window-level', value: 'jfujf59fw5xi' },
        ]),
    ],
  },
};

async function verdicts(snapshot: ClusterSnapshot): Promise<Verdicts> {
  const health = evaluateHealth(snapshot);
  const brain = new PlaybookBrain();
  const context = {
    run: 'r',
    target: { context: 'c', server: 's', fingerprint: 'f', namespace: snapshot.namespaces[0]! },
    snapshot,
    severity: { known: true as const, items: [...health.items, ...health.progressing] },
    evidence: { readLog: async () => [], get: async () => null, list: async () => [] },
    clock: new FakeClock(),
    budget: NO_LIMIT,
    signal: new AbortController().signal,
    emit: () => undefined,
  };
  const diagnosis = await brain.diagnose(context);
  const proposal = await brain.plan(context, diagnosis, []);
  return {
    items: health.items.map((item) => `${itemId(item)} ${item.grade}`),
    progressing: health.progressing.map(itemId),
    findings: diagnosis.findings.map(({ severity, id }) => `${severity} ${id}`),
    plan: proposal.type === 'plan' ? kubectlSteps(proposal.plan).map(({ argv }) => argv.join(' ')) : null,
  };
}

describe('on recorded snapshots', () => {
  it('there are enough of them', () => {
    expect(names.length).toBeGreaterThanOrEqual(37);
    expect(names.sort()).toEqual(Object.keys(former).sort());
  });

  it.each(names)('%s: verdicts, findings and plan are those of before', async (name) => {
    expect(await verdicts(read(name))).toEqual({ ...former[name], ...CORRECTIONS[name] });
  });

  it.each(names.filter((name) => name.endsWith('healthy')))('%s: nothing is wrong', async (name) => {
    expect(await verdicts(read(name))).toMatchObject({ items: [], plan: null });
  });

  it('whoever names a Service is affected by it', () => {
    for (const name of names) {
      const view = new ClusterView(read(name));
      for (const service of view.all('Service')) {
        const isAffected = affectedBy([refOf(service)], view.snapshot);
        for (const { from } of referencesTo(view, service)) expect(isAffected(refOf(from)), name).toBe(true);
      }
    }
  });
});
