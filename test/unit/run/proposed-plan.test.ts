import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/domain/target.ts';
import { proposedPlan } from '../../../src/run/brains/proposed-plan.ts';

const TARGET: Target = { context: 'kind', server: 'https://198.18.0.1', fingerprint: 'f', namespace: 'shop' };
const SCALE = 'kubectl scale deployment/api --replicas=2';
const read = (args: unknown) => proposedPlan(args, TARGET);

describe('proposedPlan', () => {
  it('reads a plan, and says whose it is', () => {
    const { plan, commands } = read({ title: 'Scale\nup', commands: [` ${SCALE} `] });
    expect(plan).toEqual({
      title: 'Proposed by another agent: Scale up',
      steps: [{ argv: ['scale', 'deployment/api', '--replicas=2'] }],
      files: [],
    });
    expect(commands).toEqual([SCALE]);
  });

  it.each([
    [null, 'title'],
    [{ title: 'x' }, 'commands'],
    [{ title: 1, commands: [SCALE] }, 'title'],
    [{ title: 'x', commands: [] }, 'commands'],
    [{ title: 'x', commands: [1] }, 'command 1'],
    [{ title: 'x', commands: [SCALE], yes: true }, "'yes'"],
    [{ title: 'x', commands: Array(21).fill(SCALE) }, 'at most 20'],
    [{ title: 'x', commands: [SCALE, `${SCALE}\n${SCALE}`] }, 'command 2'],
    [{ title: 'x', commands: [`${SCALE}; rm -rf /`] }, 'command 1'],
    [{ title: 'x', commands: ['helm rollback api'] }, 'command 1'],
    [{ title: 'x', commands: ['kubectl delete namespace shop'] }, 'command 1'],
    [{ title: 'x', commands: ['kubectl exec api -- sh'] }, 'command 1'],
    [{ title: 'x', commands: ['kubectl apply -f /etc/passwd'] }, 'command 1'],
    [{ title: 'x', commands: ['kubectl scale deployment/api --replicas=2 -n kube-system'] }, 'command 1'],
    [{ title: 'x', commands: ['kubectl scale deployment/api --replicas=2 --context prod'] }, 'command 1'],
    [{ title: 'x', commands: ['kubectl get pods'] }, 'changes nothing'],
  ])('refuses %j, naming what is wrong', (args, words) => {
    expect(() => read(args)).toThrow(words);
  });
});
