import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const DAILY = '30 3 * * *';
const controlledBy = ({ apiVersion, kind, metadata }: KubeObject) => [
  { apiVersion, kind, name: metadata.name, uid: metadata.uid!, controller: true },
];

interface Shape {
  schedule?: string;
  /** What the container was before, as it was applied. */
  former?: Loose;
  waiting: string;
  /** A container of the run's pod ran before. */
  ran?: boolean;
}

/** A CronJob and a run of it that waits to start. */
function waitingRun(world: World, container: Loose, { schedule = DAILY, former, waiting, ran }: Shape) {
  const template = (one: Loose) => ({ spec: { restartPolicy: 'Never', containers: [one] } });
  const annotations = former
    ? { [APPLIED]: JSON.stringify({ spec: { schedule, jobTemplate: { spec: { template: template(former) } } } }) }
    : {};
  const cronJob = world.add('CronJob', 'batch/v1', world.random.name(), {
    metadata: { annotations, creationTimestamp: '2031-05-06T07:00:00Z' },
    spec: { schedule, jobTemplate: { spec: { template: template(container) } } },
  });
  const job = world.add('Job', 'batch/v1', `${cronJob.metadata.name}-try`, {
    metadata: { ownerReferences: controlledBy(cronJob), creationTimestamp: '2031-05-06T07:05:00Z' },
    spec: { template: template(container) },
    status: { startTime: '2031-05-06T07:05:00Z', active: 1 },
  });
  const pod = world.add('Pod', 'v1', `${job.metadata.name}-abcde`, {
    metadata: { ownerReferences: controlledBy(job) },
    spec: { containers: [container] },
    status: {
      phase: 'Pending',
      containerStatuses: [
        {
          name: container.name,
          image: container.image,
          imageID: '',
          state: { waiting: { reason: waiting, message: 'not found' } },
          ...(ran ? { restartCount: 1, lastState: { terminated: { exitCode: 1 } } } : {}),
        },
      ],
    },
  });
  return { cronJob, job, pod };
}

describe.each([3, 58])('a run of a CronJob that cannot start (seed %i)', (seed) => {
  const program = { name: 'run', image: 'registry.example/run:1' };
  const asking = (key: string, name: string) => ({
    ...program,
    env: [{ name: 'TO', valueFrom: { configMapKeyRef: { name, key } } }],
  });

  it('for its image is made up for with the one last applied', async () => {
    const world = new World(seed);
    const { cronJob } = waitingRun(
      world,
      { ...program, image: 'registry.example/run:nightly' },
      { former: program, waiting: 'ImagePullBackOff' },
    );
    const { name } = cronJob.metadata;
    const [fix] = (await onlyFinding(world, 'image-pull')).fixes;
    expect(fix!.commands).toEqual([
      ['set', 'image', `cronjob/${name}`, `run=${program.image}`, '-n', world.namespace],
      ['create', 'job', `${name}-mended`, `--from=cronjob/${name}`, '-n', world.namespace],
    ]);
  });

  it('is left to a person where nothing tells of another image', async () => {
    const world = new World(seed);
    waitingRun(world, program, { waiting: 'ImagePullBackOff' });
    expect((await onlyFinding(world, 'image-pull')).fixes).toEqual([]);
  });

  it.each([DAILY, '* * * * *'])('for a key is made up for, unless the next run is due (%s)', async (schedule) => {
    const world = new World(seed);
    const map = world.configMap({ recipient: 'team' }).metadata.name;
    const { cronJob } = waitingRun(world, asking('receiver', map), {
      schedule,
      former: asking('recipient', map),
      waiting: 'CreateContainerConfigError',
    });
    const { commands } = (await onlyFinding(world, 'missing-config')).fixes[0]!;
    const patched = applyPatch(cronJob, patchOps(commands[0]!));
    const [container] = patched.spec.jobTemplate.spec.template.spec.containers;
    expect(container.env[0].valueFrom.configMapKeyRef.key).toBe('recipient');
    const { name } = cronJob.metadata;
    const run = ['create', 'job', `${name}-mended`, `--from=cronjob/${name}`, '-n', world.namespace];
    expect(commands.slice(1)).toEqual(schedule === DAILY ? [run] : []);
  });

  it('is not made up for once a container of it ran', async () => {
    const world = new World(seed);
    const map = world.configMap({ recipient: 'team' }).metadata.name;
    waitingRun(world, asking('receiver', map), {
      former: asking('recipient', map),
      waiting: 'CreateContainerConfigError',
      ran: true,
    });
    const { commands } = (await onlyFinding(world, 'missing-config')).fixes[0]!;
    expect(commands.map(([verb]) => verb)).toEqual(['patch']);
  });

  it('does not take the key that another configuration had where that is missing as well', async () => {
    const world = new World(seed);
    const map = world.configMap({ one: '1', two: '2' }).metadata.name;
    waitingRun(world, asking('receiver', map), {
      former: asking('recipient', map),
      waiting: 'CreateContainerConfigError',
    });
    expect((await onlyFinding(world, 'missing-config')).fixes).toEqual([]);
  });
});
