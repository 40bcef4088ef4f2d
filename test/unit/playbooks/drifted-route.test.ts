import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import { refOf } from '../../../src/domain/kube-object.ts';
import type { SeverityItem } from '../../../src/domain/severity.ts';
import { World } from './builders.ts';
import type { Loose } from './builders.ts';
import { byRule, noFinding, onlyFinding } from './findings.ts';
import { applied, fieldsOf } from './unfamiliar/fault.ts';

const SEEDS = [3, 33, 333];
const RULE = 'drifted-route';

/** Two programs that both run; the Service of the first was turned to the second since it was applied. */
function turned(seed: number, at = '2031-05-06T07:05:00Z'): { world: World; service: Loose; caller: Loose } {
  const world = new World(seed);
  const [own, other] = ['directory', 'directory-ui'].map((name) =>
    world.workload({ name, labels: { app: name }, replicas: 1, containers: [world.container({ port: 8080 })] }),
  );
  void other;
  const service: Loose = world.serviceFor(own!, { name: 'directory' });
  applied(service);
  service.spec.selector = { app: 'directory-ui' };
  service.metadata.managedFields = [
    // The server keeps the selector of a Service as a whole.
    fieldsOf('kubectl-patch', 'Update', { 'f:spec': { 'f:selector': {} } }, at),
  ];
  const caller = world.workload({
    name: 'agent',
    replicas: 1,
    containers: [{ ...world.container(), lifecycle: { postStart: { exec: { command: ['wget', 'http://directory:80/register'] } } } }], // prettier-ignore
  });
  return { world, service, caller };
}

const failing = (object: Loose): SeverityItem => {
  const ref = refOf(object as KubeObject);
  return { source: 'object', object: ref, what: 'not-ready', grade: 1, message: `${ref.name} is not ready` };
};

describe.each(SEEDS)('a Service that is not as it was applied (seed %i)', (seed) => {
  it('is put back while somebody who asks it fails', async () => {
    const { world, service, caller } = turned(seed);
    world.told.push(failing(caller));
    const finding = await onlyFinding(world, RULE);
    expect(finding).toMatchObject({ severity: 'critical', object: { kind: 'Service', name: 'directory' } });
    expect(finding.fixes[0]!.changes).toEqual([
      {
        type: 'json-patch',
        object: refOf(service as KubeObject),
        ops: [
          { op: 'test', path: '/spec/selector/app', value: 'directory-ui' },
          { op: 'replace', path: '/spec/selector/app', value: 'directory' },
        ],
      },
    ]);
  });

  it('is put back where a port was changed, of which the server keeps the key and not the position', async () => {
    const { world, service, caller } = turned(seed);
    service.spec.selector = { app: 'directory' };
    service.spec.ports[0].port += 1;
    service.metadata.managedFields = [
      fieldsOf('kubectl-edit', 'Update', {
        'f:spec': { 'f:ports': { '.': {}, 'k:{"port":81,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
      }),
    ];
    world.told.push(failing(caller));
    const found = byRule(await world.diagnose(), RULE);
    expect(found.map(({ object }) => object.name)).toEqual(['directory']);
    expect(JSON.stringify(found[0]!.fixes[0]!.changes)).toContain('/spec/ports/0/port');
  });

  it('is only a suspect where it is on the way of nobody who fails', async () => {
    const { world } = turned(seed);
    const stranger = world.workload({ name: 'stranger', replicas: 1 });
    world.told.push(failing(stranger));
    const [found, ...others] = byRule(await world.diagnose(), RULE);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ severity: 'warning' });
  });

  it('is left alone while nobody fails, and when it was changed long ago', async () => {
    const well = turned(seed).world.context();
    const { findings } = await new PlaybookBrain().diagnose({ ...well, severity: { known: true, items: [] } });
    expect(byRule(findings, RULE)).toEqual([]);
    const { world, caller } = turned(seed, '2031-05-06T05:00:00Z');
    world.told.push(failing(caller));
    await noFinding(world, RULE);
  });
});
