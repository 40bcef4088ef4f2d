import { describe, expect, it } from 'vitest';
import { readsOnce } from '../../../src/agents/playbooks/engine/reads-once.ts';

function counting() {
  const asked: string[] = [];
  let failing = true;
  const reads = readsOnce({
    readLog: async (...args) => (asked.push(`log ${args.join(' ')}`), ['line']),
    get: async ({ kind, name }) => {
      asked.push(`get ${kind} ${name}`);
      if (failing) throw new Error('not now');
      return null;
    },
    list: async ({ kind }, namespace) => (asked.push(`list ${kind} ${namespace}`), []),
  });
  return { reads, asked, mend: () => (failing = false) };
}

describe('reads of rules', () => {
  it('are sent once, also while the first is on its way', async () => {
    const { reads, asked } = counting();
    const pods = { apiVersion: 'v1', kind: 'Pod' };
    const twice = <T>(read: () => Promise<T>) => Promise.all([read(), read()]);
    const [one, other] = await twice(() => reads.readLog('n', 'p', 'c', false));
    expect(one).toBe(other);
    await reads.readLog('n', 'p', 'c', true);
    await twice(() => reads.list(pods));
    await twice(() => reads.list(pods, 'n'));
    expect(asked).toEqual(['log n p c false', 'log n p c true', 'list Pod undefined', 'list Pod n']);
  });

  it('are sent again where they failed', async () => {
    const { reads, asked, mend } = counting();
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'm' };
    await expect(reads.get(ref)).rejects.toThrow('not now');
    mend();
    expect(await reads.get(ref)).toBeNull();
    expect(await reads.get(ref)).toBeNull();
    expect(asked).toHaveLength(2);
  });
});
