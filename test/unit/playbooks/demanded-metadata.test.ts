import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { denial, policy, refused } from './denied-pods.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';

const SEEDS = [5, 41];
const RULE = 'admission-denied';

const template = (workload: KubeObject, finding: { fixes: { commands: string[][] }[] }): Loose =>
  applyPatch(workload, patchOps(finding.fixes[0]!.commands[0]!)).spec.template;

describe.each(SEEDS)('a label that a policy demands of pods (seed %i)', (seed) => {
  const SAID = denial('pods must have label cost-centre');

  it('has the value of the workload itself, on its template alone', async () => {
    const world = new World(seed);
    const workload = refused(world, SAID, { own: { labels: { 'cost-centre': 'cc-17', extra: 'yes' } } });
    const finding = await onlyFinding(world, RULE);
    expect(template(workload, finding).metadata.labels).toEqual({
      ...workload.spec.template.metadata.labels,
      'cost-centre': 'cc-17',
    });
    expect(JSON.stringify(finding.fixes)).not.toContain('olicy');
    expect(finding.evidence.map(({ text }) => text).join('\n')).toContain('itself has cost-centre=cc-17');
  });

  it('has the value of an earlier template before that of the workload', async () => {
    const world = new World(seed);
    const labels = { app: 'till' };
    const workload = refused(world, SAID, {
      labels,
      earlier: [{ labels: { ...labels, 'cost-centre': 'cc-3' }, readyPods: 1 }],
      own: { labels: { 'cost-centre': 'cc-17' } },
    });
    const finding = await onlyFinding(world, RULE);
    expect(template(workload, finding).metadata.labels).toEqual({ app: 'till', 'cost-centre': 'cc-3' });
  });

  it('is found in the expression where the message does not name it, with all that the policy demands beside it', async () => {
    const world = new World(seed);
    policy(world, [
      { expression: "has(object.metadata.labels) && 'cost-centre' in object.metadata.labels", message: 'who pays?' },
      { expression: "object.metadata.?labels['tier'].orValue('') in ['web', 'db']", message: 'no tier' },
    ]);
    const workload = refused(world, denial('who pays?'), { own: { labels: { 'cost-centre': 'cc-1', tier: 'web' } } });
    const finding = await onlyFinding(world, RULE);
    expect(template(workload, finding).metadata.labels).toMatchObject({ 'cost-centre': 'cc-1', tier: 'web' });
  });

  it.each([
    [
      `failed expression: has(object.metadata.annotations) && 'on-call' in object.metadata.annotations`,
      "has(object.metadata.annotations) && 'on-call' in object.metadata.annotations",
    ],
    ['annotation on-call is required', "variables.notes.exists(k, k == 'x') || true"],
  ])('may be an annotation: %s', async (said, expression) => {
    const world = new World(seed);
    policy(world, [{ expression }]);
    const workload = refused(world, denial(said), { own: { annotations: { 'on-call': 'team-a' } } });
    const finding = await onlyFinding(world, RULE);
    expect(template(workload, finding).metadata.annotations).toEqual({ 'on-call': 'team-a' });
  });

  it('is not invented: what siblings have is told', async () => {
    const world = new World(seed);
    const sibling = world.workload({ labels: { app: 'other', 'cost-centre': 'cc-9' } });
    refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('cost-centre');
    expect(finding.evidence.map(({ text }) => text).join('\n')).toContain(
      `Deployment ${sibling.metadata.name} have cost-centre=cc-9`,
    );
  });

  it('of two, one of which nobody knows, none is set', async () => {
    const world = new World(seed);
    policy(world, [
      { expression: "['cost-centre', 'owner'].all(k, k in object.metadata.labels)", message: 'labels are missing' },
    ]);
    refused(world, denial('labels are missing'), { own: { labels: { 'cost-centre': 'cc-1' } } });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('owner');
  });

  it('whose known value the policy does not take is not set', async () => {
    const world = new World(seed);
    policy(world, [{ expression: "object.metadata.labels['tier'] in ['web', 'db']", message: 'no tier' }]);
    refused(world, denial('no tier'), { own: { labels: { tier: 'frontend' } } });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain('none of the values');
  });

  it('is not set where a Service would then send its requests to the pods', async () => {
    const world = new World(seed);
    const drawn = world.service({ 'cost-centre': 'cc-17' }, [{ port: 80 }]);
    refused(world, SAID, { own: { labels: { 'cost-centre': 'cc-17' } } });
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(drawn.metadata.name);
  });

  it('is not set where the expression wants it absent, or is content with another', async () => {
    for (const expression of [
      "!('cost-centre' in object.metadata.labels)",
      "'owner' in object.metadata.labels || 'cost-centre' in object.metadata.labels",
    ]) {
      const world = new World(seed);
      policy(world, [{ expression, message: 'see the handbook' }]);
      refused(world, denial('see the handbook'), { own: { labels: { 'cost-centre': 'cc-17' } } });
      expect((await onlyFinding(world, RULE)).fixes).toEqual([]);
    }
  });

  it('all pods that are there have it: nothing', async () => {
    const world = new World(seed);
    policy(world, [{ expression: "'cost-centre' in object.metadata.labels", message: 'who pays?' }]);
    const workload = world.workload({ labels: { app: 'a', 'cost-centre': 'cc-1' } });
    world.event(world.revisionsOf(workload).at(-1)!, 'FailedCreate', `Error creating: ${SAID}`, { type: 'Warning' });
    world.event(world.revisionsOf(workload).at(-1)!, 'SuccessfulCreate', 'Created pod', {
      lastTimestamp: '2031-05-06T07:05:00Z',
    });
    await noFinding(world, RULE);
  });
});
