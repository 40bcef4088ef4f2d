import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import { World } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { signalOf, withSignals } from './telemetry-world.ts';

const SEEDS = [7, 41, 888];
const RULE = 'certificate-expiring';
const KIND = 'Certificate.cert-manager.io';

const ending = (object: KubeObject, days: number, others: KubeObject[] = []) =>
  withSignals(
    signalOf('certificate', object, {
      message: `the certificate of ${object.metadata.name} expires in ${days} days`,
      value: days,
      unit: 'days',
      others: others.map(refOf),
    }),
  );

/** A Certificate is in a snapshot under its full name. */
function issued(world: World, secret: string): KubeObject {
  const certificate = world.add('Certificate', 'cert-manager.io/v1', world.random.name(), {
    spec: { secretName: secret, issuerRef: { kind: 'ClusterIssuer', name: 'ours' } },
    status: { conditions: [{ type: 'Issuing', status: 'False', message: 'the order failed' }] },
  });
  const snapshot = world.snapshot.bind(world);
  world.snapshot = () => {
    const now = snapshot();
    return { ...now, objects: { ...now.objects, [KIND]: now.objects['Certificate'] ?? [] } };
  };
  return certificate;
}

describe.each(SEEDS)('a certificate that ends soon (seed %i)', (seed) => {
  it('is told with who serves it, and is for whoever issued it', async () => {
    const world = new World(seed);
    const secret = world.secret(['tls.crt', 'tls.key'], { type: 'kubernetes.io/tls' });
    const ingress = world.add('Ingress', 'networking.k8s.io/v1', world.random.name(), {
      spec: { tls: [{ hosts: ['shop.io'], secretName: secret.metadata.name }] },
    });
    world.signals = ending(secret, 5);
    const found = await onlyFinding(world, RULE);
    expect(found.object).toEqual(refOf(secret));
    expect(JSON.stringify(found.evidence)).toContain(`Ingress ${ingress.metadata.name} serves it`);
    expect(found.fixes).toEqual([]);
    expect(found.unfixed).toContain('nothing here renews');
  });

  it('is renewed by cert-manager, and how is said', async () => {
    const world = new World(seed);
    const secret = world.secret(['tls.crt', 'tls.key'], { type: 'kubernetes.io/tls' });
    const certificate = issued(world, secret.metadata.name);
    world.signals = ending(secret, 5, [certificate]);
    const found = await onlyFinding(world, RULE);
    expect(found.unfixed).toContain(`cmctl renew ${certificate.metadata.name}`);
    expect(found.unfixed).toContain('ClusterIssuer ours');
    expect(JSON.stringify(found.evidence)).toContain('the order failed');
    expect(found.fixes).toEqual([]);
  });

  it.each(['Service', 'Deployment'])('is that of the one TLS Secret that the %s of a probe reads', async (kind) => {
    const world = new World(seed);
    const secret = world.secret(['tls.crt', 'tls.key'], { type: 'kubernetes.io/tls' });
    const other = world.secret(['password']);
    const volumes = [secret, other].map(({ metadata }, index) => ({
      name: `v${index}`,
      secret: { secretName: metadata.name },
    }));
    const workload = world.workload({ replicas: 1, podSpec: { volumes } });
    const service = world.serviceFor(workload);
    world.signals = ending(kind === 'Service' ? service : workload, 5);
    expect((await onlyFinding(world, RULE)).object).toEqual(refOf(secret));
  });

  it('is critical when it has ended', async () => {
    const world = new World(seed);
    world.signals = ending(world.secret(['tls.crt']), -1);
    expect((await onlyFinding(world, RULE)).severity).toBe('critical');
  });
});

describe.each(SEEDS)('nothing is said (seed %i)', (seed) => {
  it('of one that will end in a month, or of which nothing is told', async () => {
    const world = new World(seed);
    const secret = world.secret(['tls.crt', 'tls.key'], { type: 'kubernetes.io/tls' });
    await noFinding(world, RULE);
    world.signals = withSignals(signalOf('certificate', secret, { level: 'forecast' }));
    await noFinding(world, RULE);
  });
});
