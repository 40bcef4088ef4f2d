import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_KERNEL_METRICS } from '../../../../src/domain/kernel-metrics.ts';
import type { Answer, Sample, Series } from '../../../../src/domain/telemetry.ts';
import { kernelAsks, readKernel } from '../../../../src/signals/kernel/kernel-evidence.ts';
import { answersTo, sceneAt, START } from '../../../support/signal-scene.ts';

const MINUTE = 60_000;
const NOW = START + 100 * MINUTE;
const BEGAN = NOW - 8 * MINUTE;
const scene = sceneAt(NOW, { usualUntil: BEGAN });
const asks = kernelAsks(scene, DEFAULT_KERNEL_METRICS);
const NODE = { job: 'node-exporter', instance: '192.168.0.1:9100' };
const RETRANSMITS = 'kernel/tcpRetransmits/node_netstat_Tcp_RetransSegs';

/** A rate each minute. @param rate by whether what is usual is over */
function rates(rate: (isOver: boolean, index: number) => number): Sample[] {
  return Array.from({ length: 90 }, (_, index) => {
    const at = NOW - (89 - index) * MINUTE;
    return { at, value: rate(at > BEGAN - 2 * MINUTE, index) };
  });
}

const read = (series: Parameters<typeof answersTo>[1]) =>
  readKernel(answersTo(asks, series), scene, DEFAULT_KERNEL_METRICS);

describe('what kernels count', () => {
  it('is asked for by rate, of pods in the scope alone', () => {
    const queryOf = (key: string) => asks.find((ask) => ask.key === key)!.query;
    expect(queryOf(RETRANSMITS)).toMatch(/^sum without \([\w, ]+\) \(rate\(node_netstat_Tcp_RetransSegs\[2m\]\)\)$/);
    expect(queryOf('kernel/oomKills/container_oom_events_total')).toContain(
      'container_oom_events_total{namespace="shop"}',
    );
    expect(queryOf('kernel/processExits/kernel_process_exits_total{signal!="0"}')).toContain('{signal!="0"}[2m]');
  });

  it('is told of a node that runs pods of the scope, with the rate against what is usual', () => {
    const samples = rates((isOver, index) => (isOver ? 14 : 0.2 + (index % 3) / 100));
    const { evidence, unknown } = read({ [RETRANSMITS]: [{ labels: NODE, samples }] });
    expect(unknown).toEqual([]);
    expect(evidence).toMatchObject([
      { event: 'tcpRetransmits', object: { kind: 'Node', name: 'node1' }, metric: 'node_netstat_Tcp_RetransSegs' },
    ]);
    expect(evidence[0]!.perSecond).toBeCloseTo(14);
    expect(evidence[0]!.message).toMatch(
      /^TCP segments sent again on Node\/node1: 14 a second over the last 10 min, against 0\.21 a second over the last hour \(node_netstat_Tcp_RetransSegs\)$/,
    );
  });

  it('is told of pods as of their workload, and of what is rare by the minute', () => {
    const labels = { namespace: 'shop', pod: 'cart-5f6d8c7b9-abcd0', container: 'cart' };
    const samples = rates((isOver) => (isOver ? 1 / 120 : 0));
    const { evidence } = read({ 'kernel/oomKills/container_oom_events_total': [{ labels, samples }] });
    expect(evidence).toMatchObject([{ event: 'oomKills', object: { kind: 'Deployment', name: 'cart' } }]);
    expect(evidence[0]!.message).toContain('0.5 a minute over the last 10 min, against none');
  });

  it('is nothing where it is as usual, of nodes that run nothing of the scope, and of other namespaces', () => {
    const calm = rates((_, index) => 5 + (index % 4) / 10);
    const wild = rates((isOver) => (isOver ? 50 : 1));
    const { evidence } = read({
      [RETRANSMITS]: [
        { labels: NODE, samples: calm },
        { labels: { ...NODE, instance: '192.168.0.3:9100' }, samples: wild },
      ],
      'kernel/oomKills/container_oom_events_total': [{ labels: { namespace: 'blog', pod: 'web-1' }, samples: wild }],
    });
    expect(evidence).toEqual([]);
  });

  it('takes of several exporters the one that tells most of a node', () => {
    const samples = rates((isOver) => (isOver ? 3 : 1));
    const more = rates((isOver) => (isOver ? 9 : 1));
    const { evidence } = read({
      [RETRANSMITS]: [{ labels: NODE, samples }],
      'kernel/tcpRetransmits/kernel_tcp_retransmits_total': [{ labels: { node: 'node1', job: 'ebpf' }, samples: more }],
    });
    expect(evidence.map(({ metric }) => metric)).toEqual(['kernel_tcp_retransmits_total']);
  });

  it('says that there is nothing to compare with, and what could not be asked', () => {
    const late = rates(() => 2).slice(-6);
    const answers = answersTo(asks, { [RETRANSMITS]: [{ labels: NODE, samples: late }] });
    const unknown: Answer<Series[]> = { state: 'unknown', reason: 'it does not answer' };
    answers.set('kernel/drops/node_network_receive_drop_total', unknown);
    const reading = readKernel(answers, scene, DEFAULT_KERNEL_METRICS);
    expect(reading.evidence[0]!.message).toContain('with nothing to compare it with');
    expect(reading.unknown).toEqual(['node_network_receive_drop_total: it does not answer']);
  });

  it('never claims a rise where no sample since is above all those before', () => {
    const value = fc.double({ min: 0, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 90, maxLength: 90 }), (values) => {
        const before = values.slice(0, 79);
        const top = Math.max(...before);
        const samples = rates((isOver, index) => (isOver ? Math.min(values[index]!, top) : values[index]!));
        const { evidence } = read({ [RETRANSMITS]: [{ labels: NODE, samples }] });
        for (const { perSecond, usual } of evidence) {
          expect(perSecond).toBeLessThanOrEqual(top);
          expect(usual === null || perSecond > usual.center).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});
