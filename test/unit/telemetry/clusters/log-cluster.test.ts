import { afterEach, describe, expect, it } from 'vitest';
import type { LogQuery } from '../../../../src/domain/telemetry.ts';
import { LokiLogs } from '../../../../src/telemetry/loki/loki.ts';
import { parseCluster } from '../../../../src/telemetry/settings/cluster-setting.ts';
import type { ClusterSetting } from '../../../../src/telemetry/settings/cluster-setting.ts';
import { VictoriaLogs } from '../../../../src/telemetry/victorialogs/victorialogs.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { clientAt } from '../../../support/telemetry/adapters.ts';
import * as forms from '../../../support/telemetry/forms.ts';
import { serverPool } from '../../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const never = new AbortController().signal;
const query: LogQuery = { namespace: 'shop', from: NOW - 60_000, to: NOW, limit: 2 };
const settingOf = (text?: string) => (text === undefined ? undefined : (parseCluster(text) as ClusterSetting));

describe('Loki of several clusters', () => {
  const ask = async (values: string[], text?: string, label = 'cluster') => {
    const server = await serve({
      '/loki/api/v1/labels': { status: 'success', data: ['namespace', 'pod', 'container', label] },
      [`/loki/api/v1/label/${label}/values`]: { status: 'success', data: values },
      '/loki/api/v1/query_range': forms.lokiStreams(),
    });
    const answer = await new LokiLogs(clientAt(server.url, new FakeClock()), settingOf(text)).search(query, never);
    const asked = server.asked.find(({ path }) => path.endsWith('query_range'))?.query.get('query');
    return { answer, asked };
  };

  it('is asked for one, as the settings say', async () => {
    expect((await ask(['eu', 'us'], 'cluster=e"u')).asked).toBe('{namespace="shop",cluster="e\\"u"}');
    expect((await ask(['eu', 'us'], 'site=x', 'site')).asked).toBe('{namespace="shop",site="x"}');
  });

  it('is not known where nobody says which, and asked as ever where there is one', async () => {
    expect((await ask(['eu', 'us'])).answer).toMatchObject({
      state: 'unknown',
      reason: expect.stringMatching(
        /holds logs of several clusters \(cluster: eu, us\).*: give --telemetry-cluster/,
      ) as never,
    });
    expect((await ask(['eu', 'us'], 'site=x')).answer).toMatchObject({ state: 'unknown' });
    expect((await ask(['eu'])).asked).toBe('{namespace="shop"}');
    expect((await ask(['eu', 'us'], '*')).asked).toBe('{namespace="shop"}');
    expect((await ask(['eu', 'us'], undefined, 'host')).asked).toBe('{namespace="shop"}');
  });
});

describe('VictoriaLogs of several clusters', () => {
  const ask = async (field: string, text?: string) => {
    const server = await serve({
      '/select/logsql/field_names': forms.logFieldNames('_msg', 'namespace', 'pod', 'container', field),
      '/select/logsql/field_values': forms.logFieldNames('eu', 'us'),
      '/select/logsql/query': '',
    });
    const answer = await new VictoriaLogs(clientAt(server.url, new FakeClock()), settingOf(text)).search(query, never);
    const asked = server.asked.find(({ path }) => path.endsWith('/query'))?.query.get('query');
    return { answer, asked };
  };

  it('is asked for one, as the settings say', async () => {
    expect((await ask('cluster', 'cluster=eu')).asked).toMatch(/^"namespace":="shop" "cluster":="eu" \|/);
  });

  it('is not known by what collectors write; programs may mean anything', async () => {
    expect((await ask('k8s.cluster.name')).answer).toMatchObject({ state: 'unknown' });
    expect((await ask('cluster')).answer).toMatchObject({ state: 'ok' });
  });
});
