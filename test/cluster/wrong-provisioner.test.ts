import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import { DEFAULT_OPTIONS } from '../../src/domain/run-event.ts';
import type { StratusApp } from '../../src/run/app.ts';
import { createApp } from '../../src/run/create-app.ts';
import { golden, transcript } from '../golden/transcript.ts';
import { deployWithoutClass } from './classless-workload.ts';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { openGateway, type GatewayHarness } from './gateway/gateway-harness.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
let app: StratusApp;
let home: string;
/** What the claim asks for. It went with the namespace's former deployment, as in the paper's example. */
let className: string;

beforeAll(async () => {
  cluster = await acquireCluster('real');
  gateway = await openGateway(cluster.instance, 'geo');
  className = `${gateway.namespace}-storage`;
  home = await mkdtemp(join(tmpdir(), 'stratus-geo-'));
  const { kubeconfig, kubectl } = cluster.instance;
  app = await createApp({ stateFolder: home, kubectlPath: kubectl, kubeconfig });
});

afterAll(async () => {
  await app?.dispose();
  await gateway?.kubectl('delete', 'storageclass', className, '--ignore-not-found');
  await gateway?.close();
  await cluster?.release();
  if (home) await rm(home, { recursive: true, force: true });
});

/** The plan of the paper's first attempt: a class whose provisioner runs in another cloud. */
const wrongClass = () => ({
  title: 'Your plan geo-storage.txt',
  steps: [{ argv: ['create', '-f', '{{manifest-1}}'] }],
  files: [
    {
      name: 'manifest-1',
      content: JSON.stringify({
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: className },
        provisioner: 'ebs.csi.aws.com',
        parameters: { type: 'gp2' },
      }),
    },
  ],
});

const claim = () =>
  gateway.get(`/api/v1/namespaces/${gateway.namespace}/persistentvolumeclaims/geo-pvc`) as Promise<KubeObject>;
const storageClass = () => gateway.get(`/apis/storage.k8s.io/v1/storageclasses/${className}`);

it('a class of a provisioner that nobody runs is undone, and the claim is served by one that runs', async () => {
  await deployWithoutClass(gateway, className);
  const run = await app.incidents.mitigate({
    target: await app.targets.pin(cluster.instance.context, gateway.namespace),
    brain: 'playbook',
    plans: [wrongClass()],
    options: DEFAULT_OPTIONS,
    checks: [],
    askApproval: async ({ hash }) => ({ approve: true, hash, by: { via: 'cli', id: 'flag', at: 0 } }),
  });
  const result = await run.start();

  expect(result).toMatchObject({ outcome: 'resolved', muAfter: 0, attempts: 2 });
  expect(result.transactions).toHaveLength(1);
  expect(await storageClass()).toBeNull();
  expect(await claim()).toMatchObject({ spec: { storageClassName: 'local-path' }, status: { phase: 'Bound' } });
  const { expected, actual } = golden(
    'wrong-provisioner',
    transcript(run.events()).replaceAll(gateway.namespace, 'NAMESPACE'),
  );
  expect(actual).toBe(expected);
});

it('the fix can be taken back later: the claim waits for its class again', async () => {
  const [last] = await app.transactions.list();
  const result = await app.transactions.undo(last!.id, new AbortController().signal, () => undefined);
  expect(result).toMatchObject({ outcome: 'undone' });
  expect(await claim()).toMatchObject({ spec: { storageClassName: className }, status: { phase: 'Pending' } });
});
