import type { KubeObject } from '../../judge/api.ts';
import { container } from '../application.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { edited } from '../fault.ts';
import { revision } from './container.ts';
import { claimOf, withData } from './storage.ts';

const SETTINGS = 'report-settings';

/** A nightly job of the application, made by the same pipeline. */
function nightly({ application, random }: Scene): KubeObject {
  application.applied = true;
  const name = random.pick(['nightly-report', 'cleanup', 'invoices', 'reindex']);
  const job = {
    ...container('job', 'echo "to $RECIPIENT"; echo done'),
    env: [{ name: 'RECIPIENT', valueFrom: { configMapKeyRef: { name: SETTINGS, key: 'recipient' } } }],
  };
  const cron: KubeObject = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: {
      schedule: `${random.int(0, 59)} ${random.int(0, 23)} * * *`,
      suspend: false,
      jobTemplate: {
        spec: {
          backoffLimit: 1,
          template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [job] } },
        },
      },
    },
  };
  application.extras.push(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: SETTINGS }, data: { recipient: 'team' } },
    cron,
  );
  return cron;
}

/** Whether it will run, and what it runs can be started. */
async function lackOf(cluster: Cluster, cron: KubeObject): Promise<string> {
  const { spec } = await cluster.get(refOf(cron));
  if (spec.suspend) return `CronJob ${cron.metadata.name} is suspended`;
  if (/ 31 2 | 30 2 /.test(spec.schedule)) return `CronJob ${cron.metadata.name} never runs`;
  const [job] = spec.jobTemplate.spec.template.spec.containers;
  const { image } = cron.spec.jobTemplate.spec.template.spec.containers[0];
  if (job.image !== image) return `its image ${job.image} does not exist`;
  const { name, key } = job.env[0].valueFrom.configMapKeyRef;
  const config = await cluster.find({ kind: 'ConfigMap', name });
  return config?.data?.[key] ? '' : `its variable comes from ${name}, key ${key}, which is not there`;
}

interface BrokenCron {
  name: string;
  summary: string;
  word: RegExp;
  /** Returns what exactly is changed. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs, written by path
  change(spec: any): string;
  /** Somebody starts it by hand to see. */
  tried?: boolean;
}

function brokenCron({ name, summary, word, change, tried }: BrokenCron): Fault {
  return {
    ...{ name, family: 'batch', summary, needs: 'real', scope: 'namespace', wish: {} },
    plan(scene) {
      const cron = nightly(scene);
      const edit = edited(scene, cron, ({ spec }) => void change(spec), 'edit');
      const trial = `${cron.metadata.name}-try`;
      return {
        ...edit,
        async inject(cluster) {
          await edit.inject(cluster);
          if (tried) await cluster.kubectl(['create', 'job', trial, '--from', `cronjob/${cron.metadata.name}`]);
        },
        healthy: (cluster) => lackOf(cluster, cron),
        what: `${keyOf(refOf(cron))}: ${change(structuredClone(cron.spec))}`,
        causes: [{ names: [cron.metadata.name], word }],
        mayChange: [keyOf(refOf(cron)), `Job/${trial}`],
        // The next run is up to a day away: only one made from the mended template shows that the repair holds.
        ...(tried ? { mayCreate: ['Job'] } : {}),
      };
    },
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs, written by path
const jobOf = (spec: any) => spec.jobTemplate.spec.template.spec.containers[0];

export const BATCH_FAULTS: Fault[] = [
  brokenCron({
    name: 'cron-left-suspended',
    summary: 'a CronJob was suspended by hand; its manifest says that it runs',
    word: /suspend/i,
    change(spec) {
      spec.suspend = true;
      return 'suspend';
    },
  }),
  brokenCron({
    name: 'cron-never-fires',
    summary: 'a CronJob got a date that no year has',
    word: /schedule/i,
    change(spec) {
      spec.schedule = '0 4 31 2 *';
      return `schedule ${spec.schedule}`;
    },
  }),
  brokenCron({
    name: 'cron-unknown-image',
    summary: 'the image of a CronJob was set to one that does not exist; a run by hand shows it',
    word: /image/i,
    tried: true,
    change(spec) {
      jobOf(spec).image = 'testbed.local/busybox:nightly';
      return `image ${jobOf(spec).image}`;
    },
  }),
  brokenCron({
    name: 'cron-missing-key',
    summary: 'a CronJob reads a key that its ConfigMap does not have; a run by hand shows it',
    word: /key|ConfigMap/i,
    tried: true,
    change(spec) {
      jobOf(spec).env[0].valueFrom.configMapKeyRef.key = 'receiver';
      return 'key receiver';
    },
  }),
  {
    name: 'job-left-suspended',
    family: 'batch',
    summary:
      'a release needs tables that its Job makes, and the Job was left suspended; its manifest says nothing of that',
    needs: 'real',
    scope: 'namespace',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan(scene) {
      const { target, random, application } = scene;
      const table = random.pick(['orders', 'accounts', 'bookings']);
      const claim = withData(scene, claimOf(`${target.name}-tables`));
      const main = {
        ...container('migrate', `echo made >/data/${table}; echo "${table} made"`),
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      };
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim.metadata.name } }];
      const template = {
        spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [main], volumes },
      };
      const job: KubeObject = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: `${target.name}-migrate-${random.token(4)}` },
        spec: { backoffLimit: 1, template },
      };
      application.applied = true;
      const edit = revision(scene, (container) => {
        container.args = [
          `[ -e /data/${table} ] || { echo "table ${table} does not exist" >&2; exit 1; }\n${container.args[0]}`,
        ];
      });
      return {
        ...edit,
        what: `${keyOf(refOf(job))} is suspended, ${target.name} needs what it makes`,
        async inject(cluster) {
          await cluster.create([{ ...job, spec: { ...job.spec, suspend: true } }]);
          // What somebody else wrote is kept, and the pipeline says nothing of it.
          await cluster.apply([job]);
          await edit.inject(cluster);
        },
        async heal(cluster) {
          await cluster.patch(refOf(job), [{ op: 'replace', path: '/spec/suspend', value: false }]);
          await cluster.kubectl(['wait', '--for=condition=Complete', keyOf(refOf(job)), '--timeout=60s']);
          await cluster.removePods(target.labels);
        },
        causes: [{ names: ['Job', job.metadata.name], word: /suspend/i }],
        mayChange: [keyOf(refOf(job)), keyOf(target.ref)],
        staysDone: [keyOf(refOf(job))],
      };
    },
  },
];
