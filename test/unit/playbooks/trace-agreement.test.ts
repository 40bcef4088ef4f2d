import { describe, expect, it } from 'vitest';
import { PlaybookBrain } from '../../../src/agents/playbooks/playbook-brain.ts';
import { withTraces } from '../../../src/agents/playbooks/engine/trace-agreement.ts';
import { evidence, makeFinding } from '../../../src/agents/playbooks/engine/analyzer.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { World } from './builders.ts';
import { quietSignals, suspectOf } from './telemetry-world.ts';

function scene() {
  const world = new World(5);
  const container = world.container({ ports: [{ name: 'http', containerPort: 8080 }] });
  const workload = world.workload({ containers: [container] });
  const other = world.workload({});
  const service = world.service(workload.spec!.template.metadata.labels, [{ port: 80, targetPort: 8081 }]);
  return { world, workload, other, service, view: new ClusterView(world.snapshot()) };
}

const findingOn = (object: Parameters<typeof makeFinding>[0]['object'], severity: 'warning' | 'info' = 'warning') =>
  makeFinding({ rule: 'r', severity, object, what: 'w', message: 'm', evidence: [] });
const tracing = (...suspects: ReturnType<typeof suspectOf>[]) =>
  quietSignals({ suspects: { suspects, unknown: null } });

describe('traces that agree with a rule', () => {
  it('are cited, also where the rule speaks of the Service in front of what they name', () => {
    const { view, workload, other, service } = scene();
    const suspect = suspectOf(workload, null);
    const [first, second, third] = withTraces(
      view,
      [findingOn(service), findingOn(other), findingOn(service, 'info')],
      tracing(suspect),
    );
    expect(first!.evidence).toEqual([evidence('trace', workload, null, suspect.message)]);
    expect([second!.evidence, third!.evidence]).toEqual([[], []]);
  });

  it('are not cited twice, nor where they only guess', () => {
    const { view, workload } = scene();
    const suspect = suspectOf(workload, null);
    const cited = { ...findingOn(workload), evidence: [evidence('trace', workload, null, suspect.message)] };
    expect(withTraces(view, [cited], tracing(suspect))).toEqual([cited]);
    expect(withTraces(view, [findingOn(workload)], tracing({ ...suspect, confidence: 0.3 }))[0]!.evidence).toEqual([]);
    expect(withTraces(view, [cited], undefined)).toEqual([cited]);
  });

  it('stand in the evidence of the hypothesis', async () => {
    const { world, workload } = scene();
    world.signals = tracing(suspectOf(workload, null));
    const { findings, hypotheses } = await new PlaybookBrain().diagnose(world.context());
    const cause = findings.find(({ rule }) => rule === 'service-target-port')!;
    const place = cause.evidence.findIndex(({ source }) => source === 'trace');
    expect(place).toBeGreaterThanOrEqual(0);
    expect(hypotheses.find(({ cause: id }) => id === cause.id)!.evidence).toContain(`${cause.id}#${place}`);
  });
});
