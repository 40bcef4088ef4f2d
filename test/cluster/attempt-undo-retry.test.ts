import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PlaybookBrain } from '../../src/agents/playbooks/playbook-brain.ts';
import type { AttemptRecord, Brain, BrainContext, BrainDiagnosis, Proposal } from '../../src/domain/brain.ts';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import { planFromFix } from '../../src/domain/plan.ts';
import { DEFAULT_OPTIONS } from '../../src/domain/run-event.ts';
import type { StratusApp } from '../../src/run/app.ts';
import { createApp } from '../../src/run/create-app.ts';
import { golden, transcript } from '../golden/transcript.ts';
import { BUSYBOX_IMAGE } from '../testbed/images.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway/gateway-harness.ts';

/** Proposes a change that looks plausible and helps nothing first, then what the playbooks propose. */
class WrongFirstBrain implements Brain {
  readonly name = 'wrong-first';
  readonly #playbooks = new PlaybookBrain();

  diagnose(context: BrainContext): Promise<BrainDiagnosis> {
    return this.#playbooks.diagnose(context);
  }

  async plan(context: BrainContext, diagnosis: BrainDiagnosis, attempts: AttemptRecord[]): Promise<Proposal> {
    const [finding] = diagnosis.findings;
    if (attempts.length > 0 || !finding) return this.#playbooks.plan(context, diagnosis, attempts);
    const { name, namespace } = finding.object;
    const patch = '[{"op":"replace","path":"/spec/ports/0/targetPort","value":4711}]';
    const commands = [['patch', 'service', name, '-n', namespace!, '--type=json', `-p=${patch}`]];
    const fix = { changes: [], commands, expects: 'nothing good', confidence: 0.1 };
    return { type: 'plan', plan: planFromFix(finding, fix, (text) => text), alternatives: [] };
  }

  reflect(context: BrainContext, attempt: AttemptRecord): Promise<string> {
    return this.#playbooks.reflect(context, attempt);
  }
}

let cluster: TestCluster;
let gateway: GatewayHarness;
let app: StratusApp;
let home: string;

beforeAll(async () => {
  cluster = await acquireCluster('real');
  gateway = await openGateway(cluster.instance, 'retry');
  home = await mkdtemp(join(tmpdir(), 'stratus-retry-'));
  const { kubeconfig, kubectl } = cluster.instance;
  app = await createApp({ stateFolder: home, kubectlPath: kubectl, kubeconfig }, { brains: [new WrongFirstBrain()] });
});

afterAll(async () => {
  await app?.dispose();
  await gateway?.close();
  await cluster?.release();
  if (home) await rm(home, { recursive: true, force: true });
});

const labels = { app: 'ferry' };

async function deployBrokenFerry(): Promise<void> {
  const { namespace } = gateway;
  const containers = [
    {
      name: 'ferry',
      image: BUSYBOX_IMAGE,
      args: ['-c', 'trap exit TERM; sleep 3600 & wait'],
      ports: [{ containerPort: 7070, name: 'boarding' }],
    },
  ];
  await gateway.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'ferry', namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  await gateway.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'ferry', namespace },
    spec: { selector: labels, ports: [{ name: 'boarding', port: 7070, targetPort: 9 }] },
  });
  await gateway.kubectl('rollout', 'status', 'deployment/ferry', '--timeout=90s');
}

const service = () => gateway.get(`/api/v1/namespaces/${gateway.namespace}/services/ferry`) as Promise<KubeObject>;

it('a wrong attempt is undone without a trace, and the next one resolves the incident', async () => {
  await deployBrokenFerry();
  const target = await app.targets.pin(cluster.instance.context, gateway.namespace);
  const run = await app.incidents.mitigate({
    target,
    brain: 'wrong-first',
    options: DEFAULT_OPTIONS,
    checks: [],
    askApproval: async ({ hash }) => ({ approve: true, hash, by: { via: 'cli', id: 'flag', at: 0 } }),
  });
  const seen: unknown[] = [];
  run.onEvent((event) => {
    if (event.type === 'undone') seen.push(event.result);
  });
  const result = await run.start();

  expect(result).toMatchObject({ outcome: 'resolved', muAfter: 0, attempts: 2 });
  expect(result.transactions).toHaveLength(1);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ outcome: 'undone', proof: { levels: { L0: true, L1: true }, foreign: [] } });
  expect((await service()).spec.ports[0].targetPort).not.toBe(4711);
  const { expected, actual } = golden(
    'attempt-undo-retry',
    transcript(run.events()).replaceAll(gateway.namespace, 'NAMESPACE'),
  );
  expect(actual).toBe(expected);
});

it('the committed fix can be taken back later and leaves the faulty state exactly', async () => {
  const [last] = await app.transactions.list();
  const result = await app.transactions.undo(last!.id, new AbortController().signal, () => undefined);
  expect(result).toMatchObject({ outcome: 'undone' });
  if (result.outcome === 'undone') expect(result.proof.hashAfter).toBe(result.proof.hashBefore);
  expect((await service()).spec.ports[0].targetPort).toBe(9);
});
