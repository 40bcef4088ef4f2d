import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule } from './findings.ts';

const SEEDS = [33, 66, 777, 2024];
const RULE = 'admission-webhook-unreachable';

interface Hooked {
  world: World;
  config: KubeObject;
  workload: KubeObject;
  service: { name: string; namespace: string };
}

function hooked(
  seed: number,
  why: (service: Hooked['service']) => string,
  webhook: Loose = {},
  kind: Loose = 'Deployment',
): Hooked {
  const world = new World(seed);
  const service = { name: world.random.name(), namespace: world.random.name('sys-') };
  const name = `${world.random.name()}.hooks.example`;
  const other = {
    name: 'other.hooks.example',
    failurePolicy: 'Fail',
    clientConfig: { service: { name: 'x', namespace: 'y' } },
  };
  const own = {
    name,
    failurePolicy: 'Fail',
    clientConfig: { service: { ...service, path: '/in', port: 443 } },
    ...webhook,
  };
  const config = world.add(
    'MutatingWebhookConfiguration',
    'admissionregistration.k8s.io/v1',
    world.random.name(),
    { webhooks: [other, own] },
    null,
  );
  world.add(
    'ValidatingWebhookConfiguration',
    'admissionregistration.k8s.io/v1',
    world.random.name(),
    { webhooks: [] },
    null,
  );
  const workload = world.workload({ kind, replicas: 2, pods: 'none' });
  const maker = kind === 'Deployment' ? world.revisionsOf(workload)[0]! : workload;
  const url = `https://${service.name}.${service.namespace}.svc:443/in?timeout=3s`;
  world.event(
    maker,
    'FailedCreate',
    `Error creating: Internal error occurred: failed calling webhook "${name}": failed to call webhook: Post "${url}": ${why(service)}`,
  );
  return { world, config, workload, service };
}

const notFound = ({ name }: { name: string }) => `service "${name}" not found`;
const noEndpoints = ({ name }: { name: string }) => `no endpoints available for service "${name}"`;

const only = async ({ world }: Hooked) => {
  const found = byRule(await world.diagnose(), RULE);
  expect(found).toHaveLength(1);
  return found[0]!;
};

function backend({ world, service }: Hooked, replicas: number, ready: boolean, ports = [{ port: 443 }]): KubeObject {
  const labels = { app: 'hook' };
  world.elsewhere('Service', 'v1', service.namespace, service.name, { spec: { selector: labels, ports } });
  if (ready) {
    world.elsewhere('Pod', 'v1', service.namespace, 'hook-1', {
      metadata: { labels },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }
  return world.elsewhere('Deployment', 'apps/v1', service.namespace, 'hook', {
    metadata: {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec: { replicas: 3 } }) },
    },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
  });
}

describe.each(SEEDS)('admission-webhook-unreachable (seed %i)', (seed) => {
  it('a webhook whose Service is gone is ignored, nothing else of it changes, and the controller tries again', async () => {
    const at = hooked(seed, notFound);
    const finding = await only(at);
    expect(finding.object).toMatchObject({ kind: at.config.kind, name: at.config.metadata.name });
    expect(finding.message).toContain(
      `Service ${at.service.namespace}/${at.service.name}, which answers it, does not exist`,
    );
    const [patch, retry] = finding.fixes[0]!.commands;
    const after = applyPatch(at.config, patchOps(patch!));
    const wanted = structuredClone(at.config);
    wanted['webhooks'][1].failurePolicy = 'Ignore';
    expect(after).toEqual(wanted);
    expect(retry).toEqual(['rollout', 'restart', `deployment/${at.workload.metadata.name}`, '-n', at.world.namespace]);
  });

  it('a StatefulSet is made to try again by an annotation; the plan bears on what is unhealthy', async () => {
    const at = hooked(seed, notFound, {}, 'StatefulSet');
    const plan = await at.world.plan([], [at.workload]);
    const [, retry] = plan!.steps as Loose[];
    expect(retry.argv.slice(0, 3)).toEqual(['patch', 'statefulset', at.workload.metadata.name]);
    expect(retry.argv.join(' ')).toContain('stratus-oncall/retry');
  });

  it('one of another name beside it means a wrong name: nothing is ignored', async () => {
    const at = hooked(seed, notFound);
    at.world.elsewhere('Service', 'v1', at.service.namespace, `${at.service.name}-v2`, { spec: {} });
    const finding = await only(at);
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toContain(`${at.service.name}-v2 does`);
  });

  it('what answers it is scaled up again where it is at 0', async () => {
    const at = hooked(seed, noEndpoints);
    backend(at, 0, false);
    const finding = await only(at);
    expect(finding.object).toMatchObject({ kind: 'Deployment', namespace: at.service.namespace, name: 'hook' });
    expect(finding.fixes[0]!.commands[0]).toEqual([
      'scale',
      'deployment/hook',
      '--replicas=3',
      '-n',
      at.service.namespace,
    ]);
  });

  it.each([
    ['broken pods', noEndpoints, [{ port: 443 }], false, 'has no ready pod'],
    ['a wrong port', () => 'no service port 443 found', [{ port: 8443 }], true, 'has no port 443, only 8443'],
    ['a wrong certificate', () => 'tls: failed to verify certificate: x509: certificate signed by unknown authority', [{ port: 443 }], true, 'caBundle'],
    ['a wrong path', () => 'the server could not find the requested resource', [{ port: 443 }], true, 'not at path /in'],
    ['nobody listening', () => 'dial tcp 10.0.0.1:443: connect: connection refused', [{ port: 443 }], true, 'nothing listens'],
    ['no answer in time', () => 'context deadline exceeded', [{ port: 443 }], true, 'in time'],
  ] as const)('%s is explained, and the webhook stays as it is', async (_name, why, ports, ready, says) => {
    const at = hooked(seed, why);
    backend(at, 1, ready, [...ports]);
    const finding = await only(at);
    expect(finding.fixes).toEqual([]);
    expect(finding.message + finding.evidence.map(({ text }) => text).join()).toContain(says);
    expect(finding.unfixed).toContain('owner of the webhook');
  }); // prettier-ignore

  it('only a retry is needed once it does not stand in the way any longer', async () => {
    for (const mend of [
      (at: Hooked) => at.world.remove(at.config),
      (at: Hooked) => void (at.config['webhooks'][1].failurePolicy = 'Ignore'),
    ]) {
      const at = hooked(seed, notFound);
      // Another configuration keeps the kind known.
      at.world.add('MutatingWebhookConfiguration', 'admissionregistration.k8s.io/v1', 'noise', { webhooks: [] }, null);
      mend(at);
      expect((await only(at)).fixes[0]!.commands.map((argv) => argv[0])).toEqual(['rollout']);
    }
    const at = hooked(seed, notFound);
    backend(at, 1, true);
    expect((await only(at)).fixes[0]!.commands.map((argv) => argv[0])).toEqual(['rollout']);
  });

  it('a webhook that waits for itself is not asked about its own namespace', async () => {
    const at = hooked(seed, noEndpoints);
    const deployment = backend(at, 1, false);
    const owner = (object: KubeObject) => [{ apiVersion: 'apps/v1', kind: object.kind, name: object.metadata.name, uid: object.metadata.uid, controller: true }];
    const set = at.world.elsewhere('ReplicaSet', 'apps/v1', at.service.namespace, 'hook-1', {
      metadata: { ownerReferences: owner(deployment) },
      spec: { replicas: 1 },
      status: { conditions: [{ type: 'ReplicaFailure', status: 'True', message: `failed calling webhook "${at.config['webhooks'][1].name}": no` }] },
    });
    expect(set.metadata.name).toBe('hook-1');
    const finding = await only(at);
    const after = applyPatch(at.config, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after['webhooks'][1]).toEqual({
      ...at.config['webhooks'][1],
      namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [at.service.namespace] }] },
    });
  }); // prettier-ignore

  it('says so where configurations may not be read', async () => {
    const at = hooked(seed, notFound);
    at.world.unreadable['MutatingWebhookConfiguration'] = 'forbidden';
    const finding = await only(at);
    expect(finding.fixes).toEqual([]);
    expect(finding.message).toContain('could not be read');
  });
});
