import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';

const SEEDS = [12, 120, 1200];
const env = [{ name: 'STORE_URL', value: 'http://store:80/' }];

/** A caller of a store, not ready or at least complaining, whose template was once otherwise. */
function shop(seed: number, podSpec: Loose, options: Loose = {}) {
  const world = new World(seed);
  const store = world.workload();
  const service = world.serviceFor(store, { name: 'store' });
  const container = world.container({ env });
  const caller = world.workload({
    containers: [{ ...container, ...options.container }],
    podSpec,
    earlier: options.earlier?.(container),
  });
  const say = (line: string) => {
    for (const pod of world.podsOf(caller)) {
      world.logs.set(`${pod.metadata.name}/${container.name}/false`, [line]);
      pod['status'].conditions[0].status = 'False';
    }
  };
  return { world, caller, service, say };
}

const patched = (object: KubeObject, finding: Loose, at = 0): Loose =>
  applyPatch(object, patchOps(finding.fixes[at].commands[0])).spec.template.spec;

describe.each(SEEDS)("pods past the cluster's DNS (seed %i)", (seed) => {
  it.each([
    [{ dnsPolicy: 'Default' }, 'ClusterFirst'],
    [{ dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'] } }, 'ClusterFirst'],
    [{ hostNetwork: true, dnsPolicy: 'ClusterFirst' }, 'ClusterFirstWithHostNet'],
  ])('ask it again (%j)', async (podSpec, policy) => {
    const { world, caller, say } = shop(seed, podSpec);
    say("wget: bad address 'store:80'");
    const finding = await onlyFinding(world, 'pod-dns');
    expect(finding.severity).toBe('critical');
    expect(patched(caller, finding).dnsPolicy).toBe(policy);
  });

  it('go back to what an earlier revision had', async () => {
    const earlier = () => [
      { podSpec: { dnsPolicy: 'ClusterFirst', dnsConfig: { options: [{ name: 'ndots', value: '2' }] } } },
    ];
    const { world, caller, say } = shop(seed, { dnsPolicy: 'Default' }, { earlier });
    say('lookup store: no such host');
    const spec = patched(caller, await onlyFinding(world, 'pod-dns'));
    expect([spec.dnsPolicy, spec.dnsConfig]).toEqual(['ClusterFirst', { options: [{ name: 'ndots', value: '2' }] }]);
  });

  it('are no matter while nobody complains', async () => {
    expect(byRule(await shop(seed, { dnsPolicy: 'Default' }).world.diagnose(), 'pod-dns')).toEqual([]);
  });
});

describe.each(SEEDS)('names of Services in the hosts file of pods (seed %i)', (seed) => {
  const hostAliases = [
    { ip: '192.0.2.17', hostnames: ['store', 'printer'] },
    { ip: '192.0.2.18', hostnames: ['scanner'] },
  ];

  it('are taken out of it', async () => {
    const { world, caller, say } = shop(seed, { hostAliases });
    say('no answer from store:80');
    const finding = await onlyFinding(world, 'host-alias');
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain('192.0.2.17');
    expect(patched(caller, finding).hostAliases).toEqual([
      { ip: '192.0.2.17', hostnames: ['printer'] },
      { ip: '192.0.2.18', hostnames: ['scanner'] },
    ]);
  });

  it('go back to what an earlier revision had', async () => {
    const former = [{ ip: '192.0.2.18', hostnames: ['scanner'] }];
    const earlier = (container: Loose) => [{ containers: [container], podSpec: { hostAliases: former } }];
    const { world, caller, say } = shop(seed, { hostAliases }, { earlier });
    say('connect to 192.0.2.17 timed out');
    expect(patched(caller, await onlyFinding(world, 'host-alias')).hostAliases).toEqual(former);
  });

  it('get the address that the Service has now, where the one written down may have been its own', async () => {
    const { world, caller, service, say } = shop(seed, { hostAliases });
    const address = service['spec'].clusterIP as string;
    const former = address.replace(/\d+$/, (last) => String((Number(last) + 1) % 250));
    caller['spec'].template.spec.hostAliases = [{ ip: former, hostnames: ['store.internal', 'store'] }];
    say('no answer from store:80');
    const finding = await onlyFinding(world, 'host-alias');
    expect(patched(caller, finding).hostAliases).toEqual([{ ip: address, hostnames: ['store.internal', 'store'] }]);
  });

  it('are no matter where the address is one of the cluster, or nobody complains', async () => {
    const { world, caller, service, say } = shop(seed, {});
    const alias = { ip: service['spec'].clusterIP as string, hostnames: ['store'] };
    caller['spec'].template.spec.hostAliases = [alias];
    say('no answer from store:80');
    await noFinding(world, 'host-alias');
    world.podsOf(caller)[0]!['status'].podIP = '10.9.8.7';
    alias.ip = '10.9.8.7';
    await noFinding(world, 'host-alias');
    alias.ip = '127.0.0.1';
    await noFinding(world, 'host-alias');
    await noFinding(shop(seed, { hostAliases }).world, 'host-alias');
  });
});

describe.each(SEEDS)('variables that hide others (seed %i)', (seed) => {
  it('go back to what they were', async () => {
    const twice = [...env, { name: 'STORE_URL', value: 'http://elsewhere.example/' }];
    const { world, caller, say } = shop(
      seed,
      {},
      { container: { env: twice }, earlier: (container: Loose) => [{ containers: [container] }] },
    );
    say('error');
    expect(patched(caller, await onlyFinding(world, 'shadowed-variable')).containers[0].env).toEqual(env);
  });

  it('are made of Services by the kubelet, and taken by the program', async () => {
    const { world, caller, service, say } = shop(seed, {});
    say(`invalid STORE_PORT "tcp://${service['spec'].clusterIP}:80"`);
    expect(patched(caller, await onlyFinding(world, 'shadowed-variable')).enableServiceLinks).toBe(false);
  });

  it('are no matter while all is well', async () => {
    const twice = [...env, { name: 'STORE_URL', value: 'http://elsewhere.example/' }];
    expect(byRule(await shop(seed, {}, { container: { env: twice } }).world.diagnose(), 'shadowed-variable')).toEqual(
      [],
    );
  });
});
