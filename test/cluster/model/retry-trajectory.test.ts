import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { DEFAULT_OPTIONS } from '../../../src/domain/run-event.ts';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import type { StratusApp } from '../../../src/run/app.ts';
import { createApp } from '../../../src/run/create-app.ts';
import { golden, transcript } from '../../golden/transcript.ts';
import { calls, carefulModel } from '../../model-runs/careful-model.ts';
import type { RequestView } from '../../model-runs/request-view.ts';
import type { ScriptedAnswer, ScriptedModel } from '../../support/scripted-model.ts';
import { scriptedModel } from '../../support/scripted-model.ts';
import { deployWithoutClass } from '../classless-workload.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

const PROMPTS = join(import.meta.dirname, '../../../prompts');
const LESSON =
  'The provisioner ebs.csi.aws.com runs nowhere in this cluster: the claim needs a class of one that does.';
let cluster: TestCluster;
let gateway: GatewayHarness;
let model: ScriptedModel;
let app: StratusApp;
let home: string;
/** What the claim asks for. It went with the namespace's former deployment, as in the paper's example. */
let className: string;

/** The plan of the paper's example: the class made anew, with a provisioner. */
const makesClass = (provisioner: string, why: string) =>
  calls('submit_plan', {
    commands: ['kubectl create -f storage-class.yaml'],
    files: [
      {
        name: 'storage-class.yaml',
        content: [
          'apiVersion: storage.k8s.io/v1',
          'kind: StorageClass',
          `metadata: {name: ${className}}`,
          `provisioner: ${provisioner}`,
          'volumeBindingMode: WaitForFirstConsumer',
        ].join('\n'),
      },
    ],
    why,
  });

/** Looks at a class that is there, then makes the missing one with its provisioner. */
function makesClassLikeOthers(view: RequestView): ScriptedAnswer {
  const named = [...view.text.matchAll(/provisioner: "?([\w./-]+)/g)].map(([, name]) => name!);
  const provisioner = named.find((name) => !LESSON.includes(name));
  if (provisioner) return makesClass(provisioner, 'its provisioner runs here');
  const other = [...view.question.matchAll(/StorageClass\/([\w-]+)/g)]
    .map(([, name]) => name)
    .find((name) => name !== className);
  return other
    ? calls('get_object', { kind: 'StorageClass', name: other })
    : calls('list_objects', { kind: 'StorageClass' });
}

beforeAll(async () => {
  cluster = await acquireCluster('real');
  gateway = await openGateway(cluster.instance, 'geo');
  className = `${gateway.namespace}-storage`;
  home = await mkdtemp(join(tmpdir(), 'stratus-geo-'));
  model = await scriptedModel(
    carefulModel({
      mitigation: (view) =>
        view.question.includes(LESSON)
          ? makesClassLikeOthers(view)
          : makesClass('ebs.csi.aws.com', 'gp2 is the usual class'),
      reflection: () => calls('submit_reflection', { lesson: LESSON }),
    }),
  );
  const { kubeconfig, kubectl } = cluster.instance;
  app = await createApp({
    stateFolder: home,
    kubectlPath: kubectl,
    kubeconfig,
    promptFolder: PROMPTS,
    model: model.endpoint,
    modelUse: { freeCommands: true },
  });
});

afterAll(async () => {
  await app?.dispose();
  await model?.close();
  await gateway?.kubectl('delete', 'storageclass', className, '--ignore-not-found');
  await gateway?.close();
  await cluster?.release();
  if (home) await rm(home, { recursive: true, force: true });
});

const claim = () =>
  gateway.get(`/api/v1/namespaces/${gateway.namespace}/persistentvolumeclaims/geo-pvc`) as Promise<KubeObject>;

it('a class of a provisioner that nobody runs is undone, and what the model learnt leads it to one that runs', async () => {
  await deployWithoutClass(gateway, className);
  const run = await app.incidents.mitigate({
    target: await app.targets.pin(cluster.instance.context, gateway.namespace),
    brain: 'model',
    options: DEFAULT_OPTIONS,
    checks: [],
    askApproval: async ({ hash }) => ({ approve: true, hash, by: { via: 'cli', id: 'flag', at: 0 } }),
  });
  const result = await run.start();
  expect(run.events().filter(({ type }) => type === 'effectFailed')).toEqual([]);

  const { expected, actual } = golden(
    'model-retry',
    transcript(run.events() as RunEvent[]).replaceAll(gateway.namespace, 'NAMESPACE'),
  );
  expect(result).toMatchObject({ outcome: 'resolved', muAfter: 0, attempts: 2 });
  expect(result.transactions).toHaveLength(1);
  expect(await claim()).toMatchObject({ spec: { storageClassName: className }, status: { phase: 'Bound' } });
  expect(actual).toBe(expected);
});

it('the prompt for the second plan holds what was learnt from the first', () => {
  const plans = model.requests.map(({ body }) => JSON.stringify(body)).filter((text) => text.includes('"submit_plan"'));
  expect(plans[0]).not.toContain(LESSON);
  expect(plans.at(-1)).toContain(LESSON);
});
