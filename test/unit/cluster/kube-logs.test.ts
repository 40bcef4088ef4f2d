import { describe, expect, it } from 'vitest';
import { KubeLogs } from '../../../src/cluster/read/kube-logs.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = new AbortController().signal;
const START = Date.parse('2031-03-04T05:00:00Z');
const stamp = (seconds: number) => new Date(START + seconds * 1_000).toISOString().replace('Z', '456789Z');

function logsOf(status: number, text: string) {
  const asked: string[] = [];
  const raw = async (path: string) => (asked.push(path), { status, text });
  return { logs: new KubeLogs({ raw }, new FakeClock()), asked };
}

const query = { namespace: 'shop', pod: 'web-1', container: 'web', from: START, to: START + 60_000, limit: 3 };

describe('logs of kubelets', () => {
  it('are lines with their times, within the time that is asked for', async () => {
    const text = [
      [-5, 'early'],
      [1, 'ERROR \u001b[31mone'],
      [2, ''],
      [90, 'late'],
    ]
      .map(([seconds, said]) => `${stamp(Number(seconds))} ${said}`)
      .join('\n');
    const { logs, asked } = logsOf(200, `${text}\nhalf a li`);
    const answer = await logs.search(query, never);
    expect(answer).toMatchObject({
      state: 'ok',
      value: [
        { at: START + 1_000, text: 'ERROR one', pod: 'web-1', container: 'web' },
        { at: START + 2_000, text: '' },
      ],
    });
    expect(answer).not.toHaveProperty('cut');
    const [path, params] = asked[0]!.split('?');
    expect(path).toBe('/api/v1/namespaces/shop/pods/web-1/log');
    expect(Object.fromEntries(new URLSearchParams(params))).toMatchObject({
      container: 'web',
      timestamps: 'true',
      sinceTime: new Date(START).toISOString(),
      tailLines: '4',
    });
  });

  it('say when there are more, and keep the newest', async () => {
    const text = [1, 2, 3, 4].map((at) => `${stamp(at)} line ${at}`).join('\n');
    const answer = await logsOf(200, text).logs.search(query, never);
    expect(answer).toMatchObject({ state: 'ok', cut: 'only the newest 3 lines' });
    expect(answer.state === 'ok' && answer.value.map((line) => line.text)).toEqual(['line 2', 'line 3', 'line 4']);
    expect(await logsOf(200, text).logs.search({ ...query, text: 'LINE 2' }, never)).toMatchObject({
      value: [{ text: 'line 2' }],
    });
  });

  it('are none of a container that has not started, and unknown where they may not be read', async () => {
    for (const status of [400, 404])
      expect(await logsOf(status, 'is waiting').logs.search(query, never)).toMatchObject({ state: 'ok', value: [] });
    expect(await logsOf(403, '').logs.search(query, never)).toEqual({
      state: 'unknown',
      reason: 'the log of web-1 could not be read: the API server answers 403',
    });
  });

  it('are read of one container at a time', async () => {
    const { logs, asked } = logsOf(200, '');
    expect(await logs.search({ namespace: 'shop', from: 0, to: 1, limit: 1 }, never)).toMatchObject({
      state: 'absent',
    });
    expect(asked).toEqual([]);
  });
});
