import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, LogLine, LogQuery } from '../../../src/domain/telemetry.ts';
import { logFieldsOf } from '../../../src/telemetry/logs/log-fields.ts';
import { LokiLogs } from '../../../src/telemetry/loki/loki.ts';
import { VictoriaLogs } from '../../../src/telemetry/victorialogs/victorialogs.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { clientAt } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const never = new AbortController().signal;
const query: LogQuery = { namespace: 'shop', from: NOW - 60_000, to: NOW, limit: 2 };
const iso = (ms: number) => new Date(ms).toISOString();

function valueOf(answer: Answer<LogLine[]>): LogLine[] {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}

const FIELDS = forms.logFieldNames(
  '_msg',
  '_time',
  'kubernetes.pod_namespace',
  'kubernetes.pod_name',
  'kubernetes.container_name',
);

describe('VictoriaLogs', () => {
  const logsOf = async (lines: string, fields: unknown = FIELDS) => {
    const server = await serve({ '/select/logsql/field_names': fields, '/select/logsql/query': lines });
    return { server, source: new VictoriaLogs(clientAt(server.url, new FakeClock())) };
  };
  const line = (ms: number, text: string) => ({
    _time: iso(NOW + ms), _msg: text, 'kubernetes.pod_name': 'front-1', 'kubernetes.container_name': 'app',
  }); // prettier-ignore

  it('is asked by the fields that it has, newest first', async () => {
    const { server, source } = await logsOf(forms.logLines(line(-1, 'b'), line(-2, 'a')));
    const asked = { ...query, pod: 'front-1', container: 'app', text: 'a.b "c"' };
    expect(valueOf(await source.search(asked, never))).toEqual([
      { at: NOW - 2, text: 'a', pod: 'front-1', container: 'app' },
      { at: NOW - 1, text: 'b', pod: 'front-1', container: 'app' },
    ]);
    expect(server.asked[1]!.query.get('query')).toBe(
      '"kubernetes.pod_namespace":="shop" "kubernetes.pod_name":="front-1" "kubernetes.container_name":="app" ' +
        '_msg:~"(?i)a\\\\.b \\"c\\"" | sort by (_time desc) limit 3 ' +
        '| fields "_time", "_msg", "kubernetes.pod_name", "kubernetes.container_name"',
    );
    expect(server.asked[1]!.query.get('start')).toBe(iso(NOW - 60_000));
    await source.search(asked, never);
    expect(server.asked.filter(({ path }) => path.endsWith('field_names'))).toHaveLength(1);
  });

  it('gives the newest lines and says that there are more', async () => {
    const { source } = await logsOf(forms.logLines(line(-1, 'c'), line(-2, 'b'), line(-3, 'a')));
    const answer = await source.search(query, never);
    expect(valueOf(answer).map(({ text }) => text)).toEqual(['b', 'c']);
    expect(answer).toMatchObject({ cut: 'only the newest 2 lines' });
  });

  it('takes control characters out of lines, and cuts long ones', async () => {
    const { source } = await logsOf(
      forms.logLines(line(-2, '\u001b[31mred\u001b[0m\u0000\u202e\tx'), line(-1, 'y'.repeat(9_999))),
    );
    const [first, second] = valueOf(await source.search(query, never));
    expect(first!.text).toBe('red\tx');
    expect(second!.text).toHaveLength(4_000);
  });

  it('says of a line without a time that there was one', async () => {
    const { source } = await logsOf(forms.logLines(line(-1, 'a'), { _time: 'never', _msg: 'b' }));
    expect(await source.search(query, never)).toMatchObject({ state: 'ok', note: '1 line without a time' });
  });

  it('no line at that time is an answer; lines that name no namespace are not', async () => {
    const silent = await logsOf('', forms.logFieldNames());
    expect(await silent.source.search(query, never)).toEqual({
      state: 'ok', value: [], asOf: NOW, note: 'it has no line of that time',
    }); // prettier-ignore
    const foreign = await logsOf('', forms.logFieldNames('_msg', 'host'));
    expect(await foreign.source.search(query, never)).toMatchObject({ state: 'unknown' });
    const withoutPod = await logsOf('', forms.logFieldNames('namespace'));
    expect(await withoutPod.source.search({ ...query, pod: 'x' }, never)).toMatchObject({ state: 'unknown' });
    expect(withoutPod.source.link({ ...query, pod: 'x' })).toBeNull();
  });

  it('links to its page once its fields are known', async () => {
    const { server, source } = await logsOf('');
    expect(source.link(query)).toBeNull();
    await source.search(query, never);
    expect(source.link(query)).toBe(
      `${server.url}/select/vmui/?#/?query=%22kubernetes.pod_namespace%22%3A%3D%22shop%22&g0.range_input=60s&g0.end_input=2031-03-04T05%3A06%3A07`,
    );
  });
});

describe('Loki, by answers in its documented form', () => {
  const logsOf = async (streams: unknown, labels: unknown = ['namespace', 'pod', 'container']) => {
    const server = await serve({
      '/loki/api/v1/labels': { status: 'success', data: labels },
      '/loki/api/v1/query_range': streams,
    });
    return { server, source: new LokiLogs(clientAt(server.url, new FakeClock())) };
  };

  it('is asked by the labels that it has; streams become one list', async () => {
    const { server, source } = await logsOf(
      forms.lokiStreams(
        [{ namespace: 'shop', pod: 'a', container: 'app' }, [[NOW - 1, 'late'], [NOW - 3, 'early']]],
        [{ namespace: 'shop', pod: 'b' }, [[NOW - 2, 'middle\u0007']]],
      ),
    ); // prettier-ignore
    const answer = await source.search({ ...query, limit: 3, text: 'e' }, never);
    expect(valueOf(answer)).toEqual([
      { at: NOW - 3, text: 'early', pod: 'a', container: 'app' },
      { at: NOW - 2, text: 'middle', pod: 'b' },
      { at: NOW - 1, text: 'late', pod: 'a', container: 'app' },
    ]);
    expect(Object.fromEntries(server.asked[1]!.query)).toEqual({
      query: '{namespace="shop"} |~ "(?i)e"', start: `${NOW - 60_000}000000`, end: `${NOW}000000`, limit: '4',
      direction: 'backward',
    }); // prettier-ignore
  });

  it('structured metadata beside a line is no harm', async () => {
    const body = forms.lokiStreams([{ namespace: 'shop' }, [[NOW, 'x']]]);
    (body.data.result[0]!.values[0] as unknown[]).push({ trace: 'a' });
    const { source } = await logsOf(body);
    expect(valueOf(await source.search(query, never))).toEqual([{ at: NOW, text: 'x' }]);
  });

  it('never asks for more than Loki gives', async () => {
    const { server, source } = await logsOf(forms.lokiStreams());
    await source.search({ ...query, limit: 1e9 }, never);
    expect(server.asked[1]!.query.get('limit')).toBe('5000');
  });
});

describe('fields that say where a line comes from', () => {
  it.each([
    [['namespace', 'pod', 'container'], ['namespace', 'pod', 'container']],
    [['namespace', 'k8s.namespace.name', 'k8s.pod.name', 'k8s.container.name'], ['k8s.namespace.name', 'k8s.pod.name', 'k8s.container.name']],
    [['namespace', 'host'], ['namespace', null, null]],
    [['host'], null],
  ])('%j', (there, expected) => {
    const found = logFieldsOf(there);
    expect(found && [found.namespace, found.pod, found.container]).toEqual(expected);
  }); // prettier-ignore
});
