import { describe, expect, it } from 'vitest';
import { convertCommand } from '../../../src/agents/conversion/convert-command.ts';
import type { ConversionReads } from '../../../src/agents/conversion/conversion.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refKey, refOf } from '../../../src/domain/kube-object.ts';
import { confine } from '../../../src/kubectl/confine.ts';

const NS = 'shop';
const GROUPS: Record<string, string> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
};

function object(kind: string, name: string, more: object = {}, metadata: object = {}): KubeObject {
  const place = kind === 'Node' ? {} : { namespace: NS };
  return { apiVersion: GROUPS[kind] ?? 'v1', kind, metadata: { name, ...place, ...metadata }, ...more };
}

const controlledBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: GROUPS[kind] ?? 'v1', kind, name, uid: name, controller: true }],
});
const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
const template = (spec: object) => ({ spec: { replicas: 2, template: { spec } } });
const SCRATCH = { volumes: [{ name: 'scratch', emptyDir: {} }] };

const webPod = (name: string, more: object = {}) =>
  object(
    'Pod',
    name,
    { status: ready, spec: { nodeName: 'n1' }, ...more },
    {
      labels: { app: 'web' },
      ...controlledBy('ReplicaSet', 'web-1'),
    },
  );

const WORLD: KubeObject[] = [
  object('Deployment', 'web', template({})),
  object('Deployment', 'cache', template(SCRATCH)),
  object('Deployment', 'idle', { spec: { replicas: 0, template: { spec: SCRATCH } } }),
  object('Deployment', 'spare', template({ volumes: [{ name: 'own', ephemeral: {} }] })),
  object('StatefulSet', 'db', template({})),
  object('StatefulSet', 'fragile', {
    spec: { replicas: 1, persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' }, template: { spec: {} } },
  }),
  object('ReplicaSet', 'web-1', template({}), controlledBy('Deployment', 'web')),
  object('ReplicaSet', 'alone', template({})),
  object('DaemonSet', 'agent', template({})),
  object('Job', 'import', { spec: { template: { spec: {} } } }),
  object('Job', 'ended', { spec: {}, status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
  object('CronJob', 'nightly', { spec: {} }),
  object('Node', 'n1'),
  object('Node', 'n2'),
  object('Node', 'n3'),
  object('Service', 'web', { spec: { selector: { app: 'web' } } }),
  object('Service', 'front', { spec: { selector: { role: 'front', app: 'bare' } } }),
  object('Service', 'manual', { spec: {} }),
  object('ConfigMap', 'one', {}, { labels: { app: 'web' } }),
  object('ConfigMap', 'two', {}, { labels: { app: 'other' } }),
  webPod('web-1-a'),
  webPod('web-1-b'),
  object('Pod', 'db-0', { status: ready, spec: { nodeName: 'n2' } }, controlledBy('StatefulSet', 'db')),
  object('Pod', 'agent-x', { spec: { nodeName: 'n1', ...SCRATCH } }, controlledBy('DaemonSet', 'agent')),
  object('Pod', 'bare', { spec: { nodeName: 'n2' } }, { labels: { app: 'bare', role: 'front' } }),
  object('Pod', 'lonely', { spec: {} }),
  object('Pod', 'scratch', { spec: { nodeName: 'n3', ...SCRATCH } }, controlledBy('ReplicaSet', 'alone')),
];

const reads: ConversionReads = {
  get: async (ref) => WORLD.find((candidate) => refKey(refOf(candidate)) === refKey(ref)) ?? null,
  list: async ({ kind }, namespace) =>
    WORLD.filter((candidate) => candidate.kind === kind && (!namespace || candidate.metadata.namespace === namespace)),
};

const convert = (command: string, later: string[][] = [], maxWrites = 20) =>
  convertCommand(command.split(' '), reads, { namespace: NS, maxWrites, later });

describe('what takes something away becomes what can be taken back', () => {
  it.for([
    ['delete deployment web', 'scale deployment/web -n shop --replicas=0'],
    ['delete deploy/web --timeout=30s', 'scale deployment/web -n shop --replicas=0'],
    ['delete deploy web --context=c', 'scale deployment/web -n shop --replicas=0 --context=c'],
    ['delete deployment idle', 'scale deployment/idle -n shop --replicas=0'],
    ['delete sts db', 'scale statefulset/db -n shop --replicas=0'],
    ['delete rs alone', 'scale replicaset/alone -n shop --replicas=0'],
    ['delete rs web-1', 'rollout restart deployment/web -n shop'],
    [
      'delete deploy/web sts/db',
      'scale deployment/web -n shop --replicas=0 | scale statefulset/db -n shop --replicas=0',
    ],
    [
      'delete ds agent',
      'patch daemonset agent -n shop --type=merge --patch={"spec":{"template":{"spec":{"nodeSelector":{"stratus-oncall/stopped":"true"}}}}}',
    ],
    ['delete job import', 'patch job import -n shop --type=merge --patch={"spec":{"suspend":true}}'],
    ['delete cj nightly', 'patch cronjob nightly -n shop --type=merge --patch={"spec":{"suspend":true}}'],
    ['delete node n1', 'cordon n1'],
    [
      'delete svc web',
      'patch service web -n shop --type=merge --patch={"spec":{"selector":{"stratus-oncall/stopped":"web"}}}',
    ],
    ['delete pods -l app=web', 'rollout restart deployment/web -n shop'],
    ['delete pod web-1-a web-1-b', 'rollout restart deployment/web -n shop'],
    ['delete pod web-1-a --force --grace-period=0', 'delete pod web-1-a -n shop --timeout=60s'],
    ['delete pod db-0 --now', 'delete pod db-0 -n shop --timeout=60s'],
    ['delete pod bare', 'label pod bare -n shop role-'],
    ['delete configmap -l app=web', 'delete configmap one -n shop --timeout=60s'],
    ['delete configmap --all --wait=false', 'delete configmap one two -n shop --wait=false'],
    ['drain n1', 'cordon n1 | drain n1 --ignore-daemonsets --timeout=120s'],
    ['drain n1 --force --disable-eviction --timeout=9s', 'cordon n1 | drain n1 --ignore-daemonsets --timeout=9s'],
    ['drain n2 --pod-selector=app=none', 'cordon n2'],
    ['replace --force --grace-period=0 -f {{x}}', 'replace -f {{x}}'],
  ] as const)('%s', async ([command, expected]) => {
    const conversion = await convert(command);
    expect(conversion).toMatchObject({ outcome: 'converted', reason: expect.stringMatching(/./) });
    if (conversion.outcome !== 'converted') return;
    expect(conversion.commands.map((argv) => argv.join(' ')).join(' | ')).toBe(expected);
  });

  it('every converted command is one that an agent may run', async () => {
    const commands = ['delete deploy web', 'delete ds agent', 'delete job import', 'delete node n1', 'delete svc web'];
    for (const command of [...commands, 'delete pods -l app=web', 'delete pod bare', 'drain n1']) {
      const conversion = await convert(command);
      if (conversion.outcome !== 'converted') throw new Error(`${command}: ${conversion.outcome}`);
      for (const argv of conversion.commands) {
        expect(confine(['kubectl', ...argv], { namespace: NS }), argv.join(' ')).toMatchObject({ ok: true });
      }
    }
  });
});

describe('nothing stands in for what would lose data', () => {
  it.for([
    ['delete deployment cache', 'scratch'],
    ['delete deployment spare', 'own'],
    ['delete sts fragile', 'whenScaled: Delete'],
    ['delete deploy/web deploy/cache', 'scratch'],
    ['delete job ended', 'has ended'],
    ['delete pod lonely', 'needs a person'],
    ['drain n2', 'shop/bare'],
    ['drain n2 --force', 'shop/bare'],
    ['drain n3 --delete-emptydir-data', 'shop/scratch'],
    ['drain n1 --pod-selector=(x)', 'not understood'],
  ] as const)('%s', async ([command, why]) => {
    expect(await convert(command)).toMatchObject({ outcome: 'refused', reason: expect.stringContaining(why) });
  });

  it('more evictions than a transaction may write', async () => {
    expect(await convert('drain n1', [], 2)).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('3 writes'),
    });
  });
});

describe('everything else is left alone', () => {
  it.for([
    'delete configmap one',
    'delete pvc data',
    'delete ns shop',
    'delete pod web-1-a',
    'delete svc manual',
    'delete deployment nowhere',
    'delete deployment web --dry-run=server',
    'delete deployment web --as=root',
    'delete widgets.example.test one',
    'delete pods -l app in (a,b)',
    'delete pods --all -A',
    'delete -f {{x}}',
    'scale deployment/web --replicas=0',
    'get pods',
    'no such command',
  ])('%s', async (command) => {
    expect(await convert(command)).toEqual({ outcome: 'unchanged' });
  });

  it('a Service that a later command makes again', async () => {
    expect(await convert('delete svc web', [['create', '-f', '{{x}}']])).toEqual({ outcome: 'unchanged' });
  });
});
