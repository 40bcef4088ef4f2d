import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { World } from './builders.ts';
import { applyPatch, patchOps } from './json-patch.ts';
import type { Loose } from './builders.ts';
import { byRule, onlyFinding } from './findings.ts';

const SEEDS = [33, 66, 777, 2024];

/** Makes the first container of every pod of the current revision look as given. */
function status(world: World, workload: Loose, change: Loose): void {
  for (const pod of world.podsOf(workload)) {
    if (pod.status.phase === 'Running') continue;
    pod.status.phase = 'Running';
    pod.status.containerStatuses[0] = { ...pod.status.containerStatuses[0], ...change };
  }
}

const crash = (reason = 'Error') => ({
  restartCount: 5,
  ready: false,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode: 137, reason } },
});

describe.each(SEEDS)('symptoms (seed %i)', (seed) => {
  it('a crashing container shows its last words, bounded and without secrets', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1, pods: 'waiting' });
    status(world, workload, crash());
    const container = workload.spec.template.spec.containers[0].name;
    const pod = world.podsOf(workload)[0]!.metadata.name;
    world.logs.set(`${pod}/${container}/true`, [
      'starting',
      'ERROR cannot open postgres://app:s3cr3t@db:5432/x password="hunter2" \u001b[0m',
      `FATAL ${'y'.repeat(2000)}`,
    ]);
    const finding = await onlyFinding(world, 'container-crash');
    const texts = finding.evidence.filter((each) => each.source === 'log').map((each) => each.text);
    expect(texts).toHaveLength(2);
    expect(texts[0]).toContain('cannot open postgres://[redacted]@db:5432/x');
    expect(texts.join()).not.toMatch(/s3cr3t|hunter2|\p{Cc}/u);
    expect(texts.every((text) => text.length <= 300)).toBe(true);
    expect(finding.severity).toBe('critical');
    expect(finding.fixes).toEqual([]);
  });

  it('a crashing new revision is rolled back while the old one is ready', async () => {
    const world = new World(seed);
    const workload = world.workload({
      replicas: 1,
      pods: 'waiting',
      earlier: [{ podSpec: { hostname: 'a' }, readyPods: 1 }],
    });
    status(world, workload, crash('OOMKilled'));
    const finding = await onlyFinding(world, 'container-crash');
    expect(finding.message).toContain('memory');
    expect(finding.severity).toBe('warning');
    expect(finding.fixes[0]!.commands).toEqual([
      ['rollout', 'undo', `deployment/${workload.metadata.name}`, '-n', world.namespace, '--to-revision=1'],
    ]);
  });

  it('a revision that works in other pods is not rolled back', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 2, earlier: [{ podSpec: { hostname: 'a' } }] });
    const pod = world.podsOf(workload)[0]!;
    pod.status = {
      phase: 'Running',
      conditions: [],
      containerStatuses: [{ name: pod.spec.containers[0].name, ...crash() }],
    };
    expect((await onlyFinding(world, 'container-crash')).fixes).toEqual([]);
  });

  /** A pod that waits, and the one whom it asks. */
  function dependent(world: World) {
    const store = world.workload({ replicas: 1 });
    const { spec } = world.serviceFor(store, { name: 'store' });
    const value = `http://store:${spec.ports[0].port}/`;
    const container = world.container({ env: [{ name: 'STORE_URL', value }] });
    const workload = world.workload({ replicas: 1, pods: 'waiting', containers: [container] });
    return { store, container, workload };
  }

  it.each([
    ['later than the pod was started', '2031-05-06T07:06:00Z', true],
    ['before the pod was started', '2031-05-06T06:00:00Z', false],
  ])('a pod whose dependency came %s', async (_when, came, anew) => {
    const world = new World(seed);
    const { store, workload } = dependent(world);
    const ended = { startedAt: '2031-05-06T07:00:00Z', finishedAt: '2031-05-06T07:00:10Z' };
    status(world, workload, { ...crash(), lastState: { terminated: { exitCode: 1, reason: 'Error', ...ended } } });
    world.podsOf(store)[0]!.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: came }];
    const { fixes } = await onlyFinding(world, 'container-crash');
    const [pod] = world.podsOf(workload);
    expect(fixes.map(({ commands }) => commands)).toEqual(
      anew ? [[['delete', 'pod', pod!.metadata.name, '-n', world.namespace, '--wait=false']]] : [],
    );
  });

  it.each<[string, string[], boolean]>([
    ['hangs without a word', ['connecting to store'], true],
    ['failed once and waits', ['store: connection refused'], true],
    ['gave up', ['store: connection refused', 'store: connection refused', 'giving up'], true],
    ['complains of another one', ['cache: connection refused', 'cache: connection refused'], true],
    ['goes on asking in vain', ['store: connection refused', 'GET / 502', 'upstream store:80 failed'], false],
  ])('a pod older than its dependency that runs and %s', async (_, log, anew) => {
    const world = new World(seed);
    const { store, container, workload } = dependent(world);
    status(world, workload, { ready: false, state: { running: { startedAt: '2031-05-06T07:00:00Z' } } });
    const [pod] = world.podsOf(workload);
    world.event(pod!, 'Unhealthy', 'Readiness probe failed: statuscode: 502', { type: 'Warning' });
    world.logs.set(`${pod!.metadata.name}/${container.name}/false`, log);
    world.podsOf(store)[0]!.status.conditions = [
      { type: 'Ready', status: 'True', lastTransitionTime: '2031-05-06T07:06:00Z' },
    ];
    const { fixes } = await onlyFinding(world, 'pod-unready');
    expect(fixes.flatMap(({ changes }) => changes.map(({ type }) => type))).toEqual(anew ? ['delete'] : []);
  });

  it('one restart is no crash loop', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1, pods: 'waiting' });
    status(world, workload, { ...crash(), restartCount: 1, state: { running: { startedAt: world.takenAt } } });
    expect(byRule(await world.diagnose(), 'container-crash')).toEqual([]);
  });

  it('a pod is unready only after its probe had time', async () => {
    const build = (startedAt: string) => {
      const world = new World(seed);
      const workload = world.workload({ replicas: 1, pods: 'waiting' });
      status(world, workload, { ready: false, state: { running: { startedAt } } });
      world.event(world.podsOf(workload)[0]!, 'Unhealthy', 'Readiness probe failed: connection refused', {
        type: 'Warning',
      });
      return world;
    };
    expect((await onlyFinding(build('2031-05-06T07:00:00Z'), 'pod-unready')).evidence[0]!.text).toContain(
      'connection refused',
    );
    expect(byRule(await build('2031-05-06T07:08:01Z').diagnose(), 'pod-unready')).toEqual([]);
  });

  it('a node that is not ready comes first and has no fix', async () => {
    const world = new World(seed);
    const workload = world.workload({ replicas: 1, pods: 'waiting' });
    status(world, workload, crash());
    const node = world.list('Node')[0]!;
    node.status.conditions = [
      { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped' },
    ];
    const [first] = await world.diagnose();
    expect(first).toMatchObject({
      rule: 'node-condition',
      severity: 'critical',
      fixes: [],
      object: { name: node.metadata.name },
      unfixed: expect.stringContaining('kubelet'),
    });
  });

  it('an ingress is pointed to the Service and port that exist', async () => {
    const world = new World(seed);
    const service = world.serviceFor(world.workload(), { name: 'storefront-api' });
    const { port } = service.spec.ports[0];
    const path = (name: string, number: number) => ({ path: '/', backend: { service: { name, port: { number } } } });
    const ingress = world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), {
      spec: {
        rules: [
          {
            http: {
              paths: [path('storefront-apl', port), path('storefront-api', port + 1), path('storefront-api', port)],
            },
          },
        ],
      },
    });
    const finding = await onlyFinding(world, 'ingress-backend');
    const after = applyPatch(ingress, patchOps(finding.fixes[0]!.commands[0]!));
    const same = path('storefront-api', port);
    expect(after.spec.rules[0].http.paths).toEqual([same, same, same]);
  });

  it('a node that is not ready explains what is on it or waits for it, and only that', async () => {
    const world = new World(seed);
    const here = world.workload({ replicas: 1, pods: 'waiting' });
    status(world, here, crash());
    const waiting = world.workload({ replicas: 1, pods: 'pending', podSpec: { nodeSelector: { disk: 'fast' } } });
    const elsewhere = world.workload({ replicas: 1, pods: 'waiting' });
    status(world, elsewhere, crash());
    const node = world.node({ disk: 'fast' });
    for (const pod of world.podsOf(here)) pod.spec = { ...pod.spec, nodeName: node.metadata.name };
    node.status.conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }];
    const { findings, hypotheses } = await new PlaybookBrain().diagnose(world.context());
    const [cause] = byRule(findings, 'node-condition');
    expect(cause!.severity).toBe('critical');
    const text = cause!.evidence.map((each) => each.text).join();
    for (const { metadata } of [here, waiting]) expect(text).toContain(metadata.name);
    expect(text).not.toContain(elsewhere.metadata.name);
    const { explains } = hypotheses.find((each) => each.cause === cause!.id)!;
    expect(explains.join()).toContain(here.metadata.name);
    expect(explains.join()).not.toContain(elsewhere.metadata.name);
  });

  it('a node that is not ready and has nothing of ours is information', async () => {
    const world = new World(seed);
    world.workload({ replicas: 1 });
    const node = world.node();
    node.status.conditions = [{ type: 'Ready', status: 'False' }];
    expect((await onlyFinding(world, 'node-condition')).severity).toBe('info');
    const agent = world.workload({ kind: 'DaemonSet', replicas: 1 });
    for (const pod of world.podsOf(agent)) pod.spec = { ...pod.spec, nodeName: node.metadata.name };
    expect((await onlyFinding(world, 'node-condition')).severity).toBe('warning');
  });

  const tlsIngress = (world: World, metadata: Loose = {}) =>
    world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), {
      metadata,
      spec: { tls: [{ hosts: ['shop.example'], secretName: 'shop-tls' }] },
    });
  const issuer = { annotations: { 'cert-manager.io/cluster-issuer': 'acme' } };

  it('a TLS Secret that is still being issued is information, and a warning when that takes long', async () => {
    const world = new World(seed);
    tlsIngress(world, { ...issuer, creationTimestamp: '2031-05-06T07:06:00Z' });
    expect((await onlyFinding(world, 'ingress-backend')).severity).toBe('info');
    const late = new World(seed);
    tlsIngress(late, { ...issuer, creationTimestamp: '2031-05-06T06:00:00Z' });
    expect((await onlyFinding(late, 'ingress-backend')).severity).toBe('warning');
  });

  it('a TLS Secret that a Certificate is to make quotes what the Certificate says', async () => {
    const world = new World(seed);
    tlsIngress(world);
    world.elsewhere('Certificate', 'cert-manager.io/v1', world.namespace, 'shop', {
      spec: { secretName: 'shop-tls' },
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'order is pending' }] },
    });
    const finding = await onlyFinding(world, 'ingress-backend');
    expect(finding.severity).toBe('warning');
    expect(finding.evidence.map(({ text }) => text).join()).toContain('order is pending');
  });

  it('a TLS Secret that nobody is to make is a warning, and an ingress that is being deleted is nothing', async () => {
    const world = new World(seed);
    tlsIngress(world, { creationTimestamp: world.takenAt });
    tlsIngress(world, { deletionTimestamp: world.takenAt });
    const finding = await onlyFinding(world, 'ingress-backend');
    expect(finding.severity).toBe('warning');
    expect(finding.unfixed).toContain('certificate');
  });

  it.each<[string, string[], string | null]>([
    ['was renewed as one of this year', ['shop-tls-2026'], 'shop-tls-2026'],
    ['was renewed as the next version', ['shop-tls-v2', 'other-tls'], 'shop-tls-v2'],
    ['might be either of two', ['shop-tls-v2', 'shop-tls-2026'], null],
    ['stands beside that of another host', ['shop-tls-admin'], null],
    ['stands beside one of a number', ['shop-tls-2'], null],
  ])('a TLS Secret that is gone and %s', async (_, names, meant) => {
    const world = new World(seed);
    const ingress = tlsIngress(world);
    for (const name of names) world.secret(['tls.crt', 'tls.key'], { name, type: 'kubernetes.io/tls' });
    const [fix] = (await onlyFinding(world, 'ingress-backend')).fixes;
    expect(fix ? applyPatch(ingress, patchOps(fix.commands[0]!)).spec.tls[0].secretName : null).toBe(meant);
  });

  it('a TLS Secret is not replaced by one that another Ingress uses', async () => {
    const world = new World(seed);
    tlsIngress(world);
    world.secret(['tls.crt', 'tls.key'], { name: 'shop-tls-v2', type: 'kubernetes.io/tls' });
    world.add('Ingress', 'networking.k8s.io/v1', 'next', {
      spec: { tls: [{ hosts: ['next.example'], secretName: 'shop-tls-v2' }] },
    });
    expect((await onlyFinding(world, 'ingress-backend')).fixes).toEqual([]);
  });

  it.each([
    ['payments', 'payments-worker', false],
    ['payments', 'payments-ui', false],
    ['shop-blue', 'shop-green', false],
    ['payments', 'payments-svc', true],
    ['payments', 'paymnets', true],
  ])('an ingress to %s, which is gone, and Service %s: led there is %s', async (gone, other, led) => {
    const world = new World(seed);
    const service = world.serviceFor(world.workload({ name: other }), { name: other });
    const backend = { service: { name: gone, port: { number: service.spec.ports[0].port } } };
    world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), { spec: { defaultBackend: backend } });
    expect((await onlyFinding(world, 'ingress-backend')).fixes.length > 0).toBe(led);
  });

  it('a claim that is gone is made anew as its released volume was claimed', async () => {
    const world = new World(seed);
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'ledger' } }];
    world.workload({ podSpec: { volumes }, pods: 'pending' });
    const claimRef = { namespace: world.namespace, name: 'ledger', uid: 'former' };
    const has = { storageClassName: 'by-hand', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } };
    const spec = { ...has, claimRef, persistentVolumeReclaimPolicy: 'Retain' };
    const volume = world.add('PersistentVolume', 'v1', 'disk', { spec, status: { phase: 'Released' } }, null);
    const finding = await onlyFinding(world, 'missing-claim');
    expect(finding.fixes[0]!.commands.map(([verb]) => verb)).toEqual(['patch', 'create']);
    expect(JSON.parse(finding.fixes[0]!.files![0]!.content)).toMatchObject({
      metadata: { name: 'ledger', namespace: world.namespace },
      spec: {
        storageClassName: 'by-hand',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '5Gi' } },
        volumeName: 'disk',
      },
    });
    volume.spec.persistentVolumeReclaimPolicy = 'Delete';
    expect((await onlyFinding(world, 'missing-claim')).fixes).toEqual([]);
  });

  it('a claim that does not exist is replaced by the idle one of a close name', async () => {
    const world = new World(seed);
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'orders-dat' } }];
    world.add('PersistentVolumeClaim', 'v1', 'orders-data', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } });
    const workload = world.workload({ podSpec: { volumes }, pods: 'pending' });
    const finding = await onlyFinding(world, 'missing-claim');
    const after = applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!));
    expect(after.spec.template.spec.volumes[0].persistentVolumeClaim.claimName).toBe('orders-data');
  });
});
