import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const SEEDS = [5, 55, 555];
const RULE = 'cluster-dns';

const corefile = (zone: string, more = '') =>
  `.:53 {\n    errors\n    health { lameduck 5s }\n${more}    kubernetes ${zone} in-addr.arpa ip6.arpa {\n        pods insecure\n    }\n    forward . /etc/resolv.conf\n    cache 30\n}\n`;

interface Options {
  file?: string;
  replicas?: number;
  ready?: boolean;
  selector?: Record<string, string>;
  map?: Loose;
}

/** A cluster whose DNS is as its installer left it, apart from what is given. */
function withDns(
  seed: number,
  { file = corefile('cluster.local'), replicas = 2, ready = true, selector, map = {} }: Options = {},
) {
  const world = new World(seed);
  const labels = { 'k8s-app': 'kube-dns' };
  world.elsewhere('Service', 'v1', 'kube-system', 'kube-dns', {
    spec: { selector: selector ?? labels, ports: [{ name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' }] },
  });
  const spec = {
    containers: [{ name: 'coredns', image: 'x', ports: [{ containerPort: 53, protocol: 'UDP', name: 'dns' }] }],
    volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
  };
  world.elsewhere('Deployment', 'apps/v1', 'kube-system', 'coredns', {
    spec: { replicas, template: { metadata: { labels }, spec } },
  });
  for (let index = 0; index < replicas; index++)
    world.elsewhere('Pod', 'v1', 'kube-system', `coredns-${index}`, {
      metadata: { labels },
      spec,
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    });
  const coredns = world.elsewhere('ConfigMap', 'v1', 'kube-system', 'coredns', { data: { Corefile: file }, ...map });
  const caller = world.workload();
  const container = caller.spec!.template.spec.containers[0].name;
  for (const pod of world.podsOf(caller))
    world.logs.set(`${pod.metadata.name}/${container}/false`, ["wget: bad address 'catalog'"]);
  return { world, coredns };
}

const found = async (world: World) => byRule(await world.diagnose(), RULE);

describe.each(SEEDS)("namespaces that the cluster's DNS serves (seed %i)", (seed) => {
  const listing = (...names: string[]) =>
    corefile('cluster.local').replace(
      '        pods insecure',
      `        namespaces ${names.join(' ')}\n        pods insecure`,
    );
  function calling(file: string) {
    const { world } = withDns(seed, { file });
    const store = world.workload();
    const service = world.serviceFor(store);
    const value = `http://${service.metadata.name}:${service['spec'].ports[0].port}/`;
    const caller = world.workload({ containers: [world.container({ env: [{ name: 'STORE_URL', value }] })] });
    for (const pod of world.podsOf(caller)) pod['status'].conditions[0].status = 'False';
    return world;
  }

  it('leave one out whose Services are asked for', async () => {
    const finding = await onlyFinding(calling(listing('default', 'kube-system')), RULE);
    expect(finding.message).toMatch(/does not answer for Services of namespace/);
    expect(finding.unfixed).toContain('edit configmap coredns');
    expect(finding.fixes).toEqual([]);
  });

  it('are no matter where it is among them, or none are listed', async () => {
    const world = calling('');
    await noFinding(calling(listing('default', world.namespace)), RULE);
    await noFinding(calling(corefile('cluster.local')), RULE);
  });
});

describe.each(SEEDS)("the cluster's DNS (seed %i)", (seed) => {
  it('serves another zone than the cluster has', async () => {
    const { world } = withDns(seed, { file: corefile('cluster.lokal') });
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'critical', object: { kind: 'ConfigMap', namespace: 'kube-system' } });
    expect(finding.message).toMatch(/cluster\.lokal.*cluster\.local/);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toMatch(/kubectl -n kube-system edit configmap coredns.*kubernetes cluster\.local/);
  });

  it('is mended where the run is in its namespace', async () => {
    const { world } = withDns(seed, { file: corefile('cluster.lokal') });
    const { evidence, severity, ...context } = world.context();
    const { analyzeClusterDns } = await import('../../../src/agents/playbooks/rules/network/cluster-dns.ts');
    const { ClusterView } = await import('../../../src/kube/cluster-view.ts');
    const view = new ClusterView({ ...context.snapshot, namespaces: [world.namespace, 'kube-system'] });
    const [finding] = await analyzeClusterDns({ ...evidence, severity, actions: [], view });
    const [change] = finding!.fixes[0]!.changes as Loose[];
    expect(change.ops[1].value).toBe(corefile('cluster.local'));
  });

  it('has the domain that was last applied, or that kubeadm says', async () => {
    const applied = JSON.stringify({ data: { Corefile: corefile('prod.internal') } });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': applied };
    const { world } = withDns(seed, { map: { metadata: { annotations } } });
    expect((await found(world))[0]!.message).toContain('prod.internal');
    const other = withDns(seed, { file: corefile('other.example') }).world;
    other.elsewhere('ConfigMap', 'v1', 'kube-system', 'kubeadm-config', {
      data: { ClusterConfiguration: 'networking:\n  dnsDomain: cluster.local\n' },
    });
    expect((await found(other))[0]!.message).toContain('cluster.local');
  });

  it('is scaled to 0, selected by nobody, or not ready', async () => {
    const whats = async (options: Options) =>
      (await found(withDns(seed, options).world)).map(({ id }) => id.split(':').at(-1));
    expect(await whats({ replicas: 0 })).toEqual(['scaled-to-zero']);
    expect(await whats({ selector: { 'k8s-app': 'coredns' } })).toEqual(['selector']);
    expect(await whats({ ready: false })).toEqual(['not-ready']);
  });

  it('denies names by a template', async () => {
    const file = corefile('cluster.local', '    template IN A svc.cluster.local {\n        rcode NXDOMAIN\n    }\n');
    const [finding] = await found(withDns(seed, { file }).world);
    expect(finding!.message).toContain('template IN A svc.cluster.local');
  });

  it('is left alone while it serves, with whatever domain settings name', async () => {
    await noFinding(withDns(seed).world, RULE);
    await noFinding(withDns(seed, { file: corefile('somewhere.example') }).world, RULE);
    await noFinding(withDns(seed, { file: '.:53 {\n  kubernetes\n}\n' }).world, RULE);
  });
});
