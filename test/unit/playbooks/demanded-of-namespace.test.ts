import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose } from './builders.ts';
import { World } from './builders.ts';
import { denial, policy, refused } from './denied-pods.ts';
import { noFinding, onlyFinding } from './findings.ts';
import { applyPatch, patchOps } from './json-patch.ts';

const SEEDS = [8, 53];
const RULE = 'admission-denied';
const EXPRESSION = "has(namespaceObject.metadata.labels) && 'team' in namespaceObject.metadata.labels";
const SAID = denial('whose is it?');
const ASKS = [{ expression: EXPRESSION, message: 'whose is it?' }];

interface Given {
  labels?: Record<string, string>;
  applied?: Record<string, string>;
}

function namespace(world: World, { labels = {}, applied }: Given, name = world.namespace): KubeObject {
  const own = { 'kubernetes.io/metadata.name': name };
  const last = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: applied } };
  const annotations = applied && {
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(last) },
  };
  return world.add('Namespace', 'v1', name, { metadata: { labels: { ...own, ...labels }, ...annotations } }, null);
}

/** One of each kind, so that it is known which there are. */
function webhooks(world: World, namespaceSelector: Loose = {}): void {
  for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'])
    world.add(
      kind,
      'admissionregistration.k8s.io/v1',
      'guard',
      { webhooks: [{ name: 'guard.example', namespaceSelector, clientConfig: {}, rules: [] }] },
      null,
    );
}

const mended = (object: KubeObject, finding: { fixes: { commands: string[][] }[] }): Loose =>
  applyPatch(object, patchOps(finding.fixes[0]!.commands[0]!)).metadata.labels;
const textOf = (finding: { evidence: { text: string }[] }) => finding.evidence.map(({ text }) => text).join('\n');

describe.each(SEEDS)('a label that a policy demands of the namespace (seed %i)', (seed) => {
  it('is named with Namespace and policy, and has the value that was applied', async () => {
    const world = new World(seed);
    policy(world, ASKS);
    webhooks(world);
    const own = namespace(world, { applied: { team: 'payments' } });
    const workload = refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain(`Namespace ${world.namespace} has no label team`);
    expect(finding.message).toContain('admission policy owners');
    expect(mended(own, finding)).toEqual({ ...own.metadata.labels, team: 'payments' });
    const [{ changes, needsPerson }] = finding.fixes as [(typeof finding.fixes)[0]];
    expect(needsPerson).toBeUndefined();
    // The policy stays as it is; who was refused tries again.
    expect(changes.map((change) => ('object' in change ? change.object : null))).toMatchObject([
      { kind: 'Namespace', name: world.namespace },
      { kind: workload.kind, name: workload.metadata.name },
    ]);
  });

  it('by way of variables, and with another value than the policy takes', async () => {
    const world = new World(seed);
    const variables = [
      { name: 'labels', expression: 'namespaceObject.metadata.?labels.orValue({})' },
      { name: 'tier', expression: "variables.labels[?'tier'].orValue('')" },
    ];
    policy(world, [{ expression: "variables.tier in ['prod', 'stage']", message: 'whose is it?' }], { variables });
    const own = namespace(world, { labels: { tier: 'prd' }, applied: { tier: 'prod' } });
    refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('label tier=prd');
    expect(mended(own, finding)).toMatchObject({ tier: 'prod' });
  });

  it('in the words of a webhook about the namespace', async () => {
    const world = new World(seed);
    webhooks(world);
    const own = namespace(world, { applied: { 'cost-centre': 'cc-7' } });
    const words = `namespace ${world.namespace} must have label cost-centre`;
    refused(world, `admission webhook "guard.example" denied the request: ${words}`);
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain('has no label cost-centre, which admission webhook guard.example asks of it');
    expect(mended(own, finding)).toMatchObject({ 'cost-centre': 'cc-7' });
  });

  it('has what all others have, if a person agrees', async () => {
    const world = new World(seed);
    policy(world, ASKS);
    const own = namespace(world, {});
    for (const name of ['one', 'two']) namespace(world, { labels: { team: 'shop' } }, name);
    refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(mended(own, finding)).toMatchObject({ team: 'shop' });
    expect(finding.fixes[0]!.needsPerson).toContain(world.namespace);
  });

  it('is not invented: what others have is told', async () => {
    const world = new World(seed);
    policy(world, ASKS);
    namespace(world, {});
    namespace(world, { labels: { team: 'shop' } }, 'one');
    namespace(world, { labels: { team: 'till' } }, 'two');
    refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(`label team Namespace ${world.namespace}`);
    expect(textOf(finding)).toContain('Namespace one has team=shop');
  });

  it.each<[string, Loose, Given, string]>([
    [
      'the policy does not take what was applied',
      { expression: "namespaceObject.metadata.labels['team'] in ['a', 'b']" },
      { applied: { team: 'c' } },
      'team would be c',
    ],
    [
      'the cluster itself goes by it',
      { expression: "'pod-security.kubernetes.io/enforce' in namespaceObject.metadata.labels" },
      { applied: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
      'pod-security.kubernetes.io/enforce',
    ],
    ['another would then leave it out', { expression: EXPRESSION }, { applied: { team: 'free' } }, 'guard'],
  ])('is not set where %s', async (_what, validation, given, why) => {
    const world = new World(seed);
    policy(world, [{ ...validation, message: 'whose is it?' }]);
    webhooks(world, { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['free'] }] });
    namespace(world, given);
    refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.fixes).toEqual([]);
    expect(finding.unfixed).toContain(why);
  });

  it('is set by a person where nobody can tell whom it would then be left out by', async () => {
    const world = new World(seed);
    policy(world, ASKS);
    namespace(world, { applied: { team: 'payments' } });
    refused(world, SAID);
    world.unreadable['ValidatingWebhookConfiguration'] = 'forbidden';
    expect((await onlyFinding(world, RULE)).fixes[0]!.needsPerson).toMatch(/could be read/);
  });

  it('that left it out of a webhook is named, and not given back', async () => {
    const world = new World(seed);
    webhooks(world, { matchExpressions: [{ key: 'guard', operator: 'NotIn', values: ['off'] }] });
    namespace(world, { applied: { guard: 'off' } });
    refused(world, 'admission webhook "guard.example" denied the request: images have to be signed');
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).toContain(`Namespace ${world.namespace} has no label guard=off any more`);
    expect(finding.message).toContain('images have to be signed');
    expect(JSON.stringify(finding.fixes)).not.toContain('Namespace');
    expect(finding.unfixed).toContain('guard.example');
  });
});

describe.each(SEEDS)('a namespace that lacks nothing (seed %i)', (seed) => {
  it('with all that the policy demands: nothing', async () => {
    const world = new World(seed);
    policy(world, ASKS);
    namespace(world, { labels: { team: 'payments' }, applied: { team: 'payments' } });
    world.workload();
    await noFinding(world, RULE);
  });

  it.each([
    ['the policy asks it of the pods', "'team' in object.metadata.labels", {}],
    ['it has it', EXPRESSION, { labels: { team: 'payments' } }],
    ['the pods may have it instead', `'team' in object.metadata.labels || ${EXPRESSION}`, {}],
  ])('is not spoken of where %s', async (_what, expression, given) => {
    const world = new World(seed);
    policy(world, [{ expression, message: 'whose is it?' }]);
    namespace(world, { applied: { team: 'payments' }, ...given });
    refused(world, SAID);
    const finding = await onlyFinding(world, RULE);
    expect(finding.message).not.toContain('Namespace');
    expect(JSON.stringify(finding.fixes)).not.toContain('Namespace');
  });

  it('is not spoken of where words are about the pods in it', async () => {
    const world = new World(seed);
    namespace(world, { applied: { 'cost-centre': 'cc-7' } });
    refused(world, denial(`pods in namespace ${world.namespace} must have label cost-centre`));
    expect((await onlyFinding(world, RULE)).message).not.toContain('Namespace');
  });
});
