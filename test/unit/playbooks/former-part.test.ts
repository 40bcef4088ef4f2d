import { describe, expect, it } from 'vitest';
import { formerParts } from '../../../src/agents/playbooks/clues/former/former-part.ts';
import { applyPatch } from './json-patch.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { World } from './builders.ts';

const probe = { httpGet: { path: '/live', port: 8080 }, periodSeconds: 4 };
const probes = (pointer: string) => /Probe/.test(pointer);

function rolledOut(now: object, before: object, kind: 'Deployment' | 'StatefulSet' = 'Deployment') {
  const world = new World(3);
  const container = world.container();
  const workload = world.workload({
    kind,
    containers: [{ ...container, ...now }],
    earlier: [{ containers: [{ ...container, ...before }] }],
  });
  return { workload, parts: formerParts(new ClusterView(world.snapshot()), workload, probes) };
}

describe('the former part of a template', () => {
  it.each(['Deployment', 'StatefulSet'] as const)(
    'is what an earlier revision of a %s had there, and nothing else',
    (kind) => {
      const now = { livenessProbe: probe, image: 'x/new:2' };
      const { workload, parts } = rolledOut(now, { livenessProbe: probe, startupProbe: probe, image: 'x/old:1' }, kind);
      expect(parts).toHaveLength(1);
      const [part] = parts;
      expect(part!.pointers).toEqual(['/containers/0/startupProbe']);
      const after = applyPatch(workload, part!.ops);
      expect(after.spec.template.spec.containers[0]).toMatchObject({ ...now, startupProbe: probe });
      expect(after.spec.template.spec).toEqual(part!.podSpec);
      expect(part!.evidence.text).toMatch(/startupProbe = \{"httpGet"/);
    },
  );

  it('names single fields', () => {
    const { parts } = rolledOut(
      { readinessProbe: { ...probe, timeoutSeconds: 1 } },
      { readinessProbe: { ...probe, timeoutSeconds: 5 } },
    );
    expect(parts[0]!.ops.map(({ op, path }) => `${op} ${path}`)).toEqual([
      'test /spec/template/spec/containers/0/readinessProbe/timeoutSeconds',
      'replace /spec/template/spec/containers/0/readinessProbe/timeoutSeconds',
    ]);
  });

  it('is nothing where only other parts differ', () => {
    expect(rolledOut({ livenessProbe: probe, image: 'x/new:2' }, { livenessProbe: probe }).parts).toEqual([]);
  });

  it.each([
    [{}, { livenessProbes: [] }],
    [{ livenessProbes: [] }, {}],
  ])('is nothing where a list is empty', (now, before) => {
    expect(rolledOut(now, before).parts).toEqual([]);
    expect(rolledOut(now, { livenessProbes: ['one'] }).parts).toHaveLength(1);
  });

  it('is read from the configuration last applied too, in which absent fields say nothing', () => {
    const world = new World(3);
    const container = { ...world.container(), readinessProbe: { ...probe, timeoutSeconds: 1, successThreshold: 1 } };
    const before = { ...container, readinessProbe: { ...probe, timeoutSeconds: 3 } };
    const applied = { spec: { template: { spec: { containers: [before] } } } };
    const workload = world.workload({
      containers: [container],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) },
    });
    const [part, ...more] = formerParts(new ClusterView(world.snapshot()), workload, probes);
    expect(more).toEqual([]);
    expect(part!.pointers).toEqual(['/containers/0/readinessProbe/timeoutSeconds']);
  });

  it('is nothing where a manifest has an empty list that the server dropped', () => {
    const world = new World(3);
    const container = world.container();
    const written = { ...container, volumeMounts: [], envFrom: [] };
    const applied = { spec: { template: { spec: { containers: [written], volumes: [] } } } };
    const workload = world.workload({
      containers: [container],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) },
    });
    expect(formerParts(new ClusterView(world.snapshot()), workload, () => true)).toEqual([]);
  });
});
