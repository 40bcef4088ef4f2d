import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../../judge/api.ts';
import type { KubeObject } from '../../judge/api.ts';
import { generateApp } from '../../judge/generate.ts';
import { DEFAULT_COMMAND, Product } from '../../judge/product.ts';
import { createRandom } from '../../judge/random.ts';
import { renderApp } from '../../judge/render.ts';
import { productEnvironment } from '../../judge/seed-run.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Instance } from '../../testbed/instance-record.ts';
import { drawApplication, objectsOf } from '../application.ts';
import { Cluster } from '../cluster.ts';
import { Deployment } from './deployment.ts';
import { placeless } from './manifests.ts';

const DIAGNOSE_MS = 60_000;
const SETTLE_MS = 60_000;

/** Manifests of a drawn application: odd seeds by the judge's generator, even ones by the catalogue's. */
export function healthyManifests(seed: number): KubeObject[] {
  const random = createRandom(seed, 'healthy');
  if (seed % 2 === 0) return objectsOf(drawApplication(random, 'anywhere', []).application);
  return renderApp(generateApp(seed))
    .filter(({ kind }) => kind !== 'Namespace')
    .map(placeless);
}

const container = { name: 'main', image: 'jobs.example/report:1', command: ['report'] };
const podSpec = { restartPolicy: 'Never', containers: [container] };

/** What stands in healthy namespaces and looks idle: a finished Job, a suspended CronJob, an autoscaler at its minimum. */
function idleObjects(target: KubeObject | undefined): KubeObject[] {
  const jobSpec = { backoffLimit: 2, template: { spec: podSpec } };
  const scaler: KubeObject[] = target
    ? [
        {
          apiVersion: 'autoscaling/v2',
          kind: 'HorizontalPodAutoscaler',
          metadata: { name: `${target.metadata.name}-scaler` },
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target.metadata.name },
            minReplicas: target.spec.replicas as number,
            maxReplicas: (target.spec.replicas as number) + 3,
            metrics: [
              { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
            ],
          },
        },
      ]
    : [];
  return [
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'report-once' }, spec: jobSpec },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'report-monthly' },
      spec: { schedule: '0 4 1 * *', suspend: true, jobTemplate: { spec: jobSpec } },
    },
    ...scaler,
  ];
}

/**
 * What a diagnosis says of a drawn application in which nothing is wrong: at rest, after a rollout, after somebody scaled
 * it by hand. Empty when it stays below a warning each time.
 */
export async function healthyComplaints(instance: Instance, seed: number): Promise<string[]> {
  const objects = healthyManifests(seed);
  const random = createRandom(seed, 'healthy/change');
  const deployments = random.shuffle(objects.filter(({ kind }) => kind === 'Deployment'));
  const [scaled, other] = deployments;
  const api = new Api(instance.kubeconfig);
  const namespace = `healthy-${seed}-${random.token(4)}`;
  const cluster = new Cluster(instance, api, namespace);
  const deployment = new Deployment(cluster, [...objects, ...idleObjects(other)]);
  const home = mkdtempSync(join(tmpdir(), 'healthy-stratus-'));
  const product = new Product(DEFAULT_COMMAND, productEnvironment(instance, home));
  const complaints: string[] = [];
  const diagnose = async (when: string): Promise<void> => {
    const run = await product.run(
      ['diagnose', '--json', '--namespace', namespace, '--context', instance.context],
      DIAGNOSE_MS,
    );
    if (run.code !== 0) return void complaints.push(`${when}: exit code ${run.code} (${run.stderr.slice(-300)})`);
    const { findings, mu } = JSON.parse(run.stdout) as {
      findings: { severity: string; rule: string; message: string }[];
      mu: { value: number | null };
    };
    if (mu.value !== 0) complaints.push(`${when}: severity ${mu.value}`);
    const loud = findings.filter(({ severity }) => severity !== 'info');
    complaints.push(...loud.map(({ severity, rule, message }) => `${when}: ${severity} of ${rule}: ${message}`));
  };
  try {
    await deployment.deploy(random.chance(0.5) ? 'apply' : 'create');
    await untilAsked(SETTLE_MS, 'the Job ends', async () => {
      const job = await cluster.find({ kind: 'Job', name: 'report-once' });
      return job?.status?.succeeded === 1 ? '' : JSON.stringify(job?.status ?? null);
    });
    await diagnose('at rest');
    if (scaled) {
      await cluster.restart({ kind: 'deployment', name: scaled.metadata.name });
      await untilAsked(SETTLE_MS, 'rolled out', () => deployment.lack());
      await diagnose('after a rollout');
      const more = (scaled.spec.replicas as number) + 2;
      await cluster.kubectl(['scale', `deployment/${scaled.metadata.name}`, `--replicas=${more}`]);
      await untilAsked(SETTLE_MS, 'scaled', () => deployment.lack());
      await diagnose('after scaling by hand');
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
    await deployment.remove();
    api.close();
  }
  return complaints;
}
