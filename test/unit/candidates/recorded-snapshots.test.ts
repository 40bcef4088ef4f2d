import { describe, expect, it } from 'vitest';
import { enumerateCandidates } from '../../../src/agents/candidates/enumerate.ts';
import { argvOf } from '../../../src/agents/playbooks/engine/kubectl-commands.ts';
import { changedObject } from '../../../src/domain/change.ts';
import { ClusterView } from '../../../src/kube/cluster-view.ts';
import { confine } from '../../../src/kubectl/confine.ts';
import { BROKEN, HEALTHY, playbooksOn, recorded } from './recorded.ts';
import { doesTheSame } from './same-effect.ts';

/** Below this nobody should try it: it stands for what could be done at all. */
const LOW = 0.2;
/** What is offered to the playbooks' rules alone: it deletes a claim. */
const NOT_OFFERED = /unservable-claim|storage-class/;

describe.each(BROKEN)('candidates for %s', (name) => {
  const input = recorded(name);
  const candidates = enumerateCandidates(input);

  it('hold the right action and its cause without a playbook, among the first five', async () => {
    const { findings } = await playbooksOn(input);
    const fix = findings.find(({ fixes }) => fixes.length > 0)!.fixes[0]!;
    const rank = candidates.actions.findIndex((action) => doesTheSame(input.snapshot, fix, action));
    if (NOT_OFFERED.test(name)) return expect(fix.changes.some(({ type }) => type === 'delete')).toBe(true);
    expect(candidates.actions.slice(0, 8).map(({ text }) => text)[rank]).toBeDefined();
    expect(rank).toBeLessThan(5);
    expect(candidates.actions[rank]!.causes).not.toEqual([]);
  });

  it('put what the playbooks know first', async () => {
    const diagnosis = await playbooksOn(input);
    const { causes, actions } = enumerateCandidates({ ...input, diagnosis });
    expect(causes.filter(({ finding }) => finding !== undefined).length).toBeGreaterThan(0);
    expect(actions[0]!.origin).toBe('playbook');
    expect(causes.map(({ id }) => id)).toEqual(expect.arrayContaining(actions[0]!.causes));
  });

  it('are commands that an agent may run, on objects that there are', () => {
    const view = new ClusterView(input.snapshot);
    for (const { changes, files, object } of candidates.actions) {
      expect(object.namespace ?? 'none').not.toMatch(/^kube-/);
      for (const change of changes) {
        const ref = changedObject(change);
        if (ref) expect(view.find(ref.kind, ref.namespace, ref.name), JSON.stringify(ref)).toBeDefined();
        const verdict = confine(['kubectl', ...argvOf(change)], { files: files.map((file) => `{{${file.name}}}`) });
        expect(verdict.ok ? 'allowed' : verdict.message).toBe('allowed');
      }
    }
  });

  it('are the same again, whatever the order of the snapshot', () => {
    const objects = Object.fromEntries(
      Object.entries(input.snapshot.objects)
        .reverse()
        .map(([kind, list]) => [kind, [...list].reverse()]),
    );
    expect(enumerateCandidates({ ...input, snapshot: { ...input.snapshot, objects } })).toEqual(candidates);
  });

  it('are bounded, and told in lines fit to be shown', () => {
    const { causes, actions } = enumerateCandidates({ ...input, limits: { causes: 3, actions: 2 } });
    expect([causes.length, actions.length]).toEqual([
      Math.min(3, candidates.causes.length),
      Math.min(2, candidates.actions.length),
    ]);
    expect(candidates.causes.length).toBeLessThanOrEqual(12);
    expect(candidates.actions.length).toBeLessThanOrEqual(24);
    const texts = [...candidates.causes, ...candidates.actions].map(({ text }) => text);
    for (const text of texts) expect(text).toMatch(/^[^\p{Cc}\p{Cf}]{1,200}$/u);
  });
});

it.each(HEALTHY)('candidates for %s: nothing that is worth doing', (name) => {
  const { actions } = enumerateCandidates(recorded(name));
  expect(actions.filter(({ score }) => score > LOW).map(({ text, score }) => `${score} ${text}`)).toEqual([]);
});
