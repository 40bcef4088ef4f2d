import { describe, expect, it } from 'vitest';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { noFinding, onlyFinding } from './findings.ts';

const SEEDS = [6, 66, 666];

describe.each(SEEDS)('peers behind a headless Service (seed %i)', (seed) => {
  const peers = (ready: boolean, says: (set: string, service: string) => string, spec: Loose = {}): World => {
    const world = new World(seed);
    const workload = world.workload({
      kind: 'StatefulSet',
      replicas: 3,
      containers: [world.container({ port: 7000 })],
    });
    const { name } = workload.metadata;
    const service = world.serviceFor(workload, { spec: { clusterIP: 'None', ports: [{ port: 7000, targetPort: 7000 }], ...spec } }); // prettier-ignore
    workload.spec.serviceName = service.metadata.name;
    for (const pod of world.podsOf(workload) as Loose[]) {
      pod.status.containerStatuses[0].ready = ready;
      if (!ready) pod.status.conditions[0].status = 'False';
      world.logs.set(`${pod.metadata.name}/${pod.spec.containers[0].name}/false`, [says(name, service.metadata.name)]);
    }
    return world;
  };
  const lost = (set: string, service: string) => `lookup ${set}-1.${service} on 10.0.0.10:53: no such host`;

  it('that do not find each other get names before they are ready', async () => {
    const { fixes, object } = await onlyFinding(peers(false, lost), 'headless-peers');
    expect(fixes[0]!.changes).toEqual([{ type: 'json-patch', object, ops: [{ op: 'add', path: '/spec/publishNotReadyAddresses', value: true }] }]); // prettier-ignore
  });

  it('that wait for one of their own get names, too', async () => {
    const waits = (set: string, service: string) => `waiting for peer ${set}-1.${service}`;
    const { fixes } = await onlyFinding(peers(false, waits), 'headless-peers');
    expect(fixes).toHaveLength(1);
    await noFinding(
      peers(false, (set) => `waiting for peer ${set}-1.other`),
      'headless-peers',
    );
  });

  it('that are ready, have such names, or miss another Service are left alone', async () => {
    await noFinding(peers(true, lost), 'headless-peers');
    await noFinding(peers(false, lost, { publishNotReadyAddresses: true }), 'headless-peers');
    await noFinding(peers(false, lost, { clusterIP: '10.0.0.9' }), 'headless-peers');
    await noFinding(
      peers(false, () => 'lookup store on 10.0.0.10:53: no such host'),
      'headless-peers',
    );
  });
});
