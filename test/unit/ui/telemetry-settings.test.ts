import { describe, expect, it } from 'vitest';
import type { SettingId, SettingTypes } from '../../../src/ui/editor/contributions.ts';
import { Setting, SETTING_DEFAULTS } from '../../../src/ui/editor/contributions.ts';
import { ClusterTelemetry } from '../../../src/ui/editor/cluster-telemetry.ts';
import { namesTelemetry, telemetryConfig, tokenAddress } from '../../../src/ui/editor/telemetry-config.ts';
import { parseTelemetry } from '../../../src/run/telemetry/telemetry-config.ts';
import { TelemetryTokens, tokenProblem } from '../../../src/ui/telemetry/telemetry-tokens.ts';
import { telemetryText } from '../../../src/ui/telemetry/telemetry-text.ts';

const reader =
  (settings: Partial<Record<SettingId, unknown>>) =>
  <S extends SettingId>(id: S) =>
    (id in settings ? settings[id] : SETTING_DEFAULTS[id]) as SettingTypes[S];
const configOf = (settings: Partial<Record<SettingId, unknown>>) =>
  telemetryConfig(reader(settings), (path) => path.replace('~', '/home/me'), {}).telemetry;

function memoryOf(stored: Map<string, unknown>): ClusterTelemetry {
  return new ClusterTelemetry({
    get: (key) => stored.get(key),
    update: async (key, value) => void stored.set(key, value),
  });
}

describe('settings of telemetry', () => {
  it('name nothing by default', () => {
    expect(configOf({})).toEqual({ sources: [], objectives: [], find: false, clusters: {} });
    expect(namesTelemetry(reader({}))).toBe(false);
  });

  it('become sources that say where they were written, each with what goes with it', () => {
    const config = configOf({
      [Setting.telemetryPrometheus]: ' https://mimir.example/prometheus ',
      [Setting.telemetryAlertmanager]: ['http://localhost:9093', 'cloudwatch://eu-west-1'],
      [Setting.telemetryTraces]: 'tempo+svc://tracing/tempo:3200/',
      [Setting.telemetrySlos]: ['front=up >= 1', ''],
      [Setting.telemetryTenant]: 'team',
      [Setting.telemetryCertificateAuthority]: '~/ca.pem',
      [Setting.telemetryPages]: { prometheus: 'https://grafana.example' },
    });
    const common = { tenant: 'team', authorityFile: '/home/me/ca.pem' };
    expect(config.sources).toEqual([
      {
        what: 'stratus.telemetry.prometheus',
        role: 'metrics',
        url: 'https://mimir.example/prometheus',
        ...common,
        page: 'https://grafana.example',
      },
      { what: 'stratus.telemetry.alertmanager', role: 'alerts', url: 'http://localhost:9093', ...common },
      { what: 'stratus.telemetry.alertmanager', role: 'alerts', url: 'cloudwatch://eu-west-1' },
      { what: 'stratus.telemetry.traces', role: 'traces', url: 'tempo+svc://tracing/tempo:3200/', ...common },
    ]);
    expect(config.objectives).toEqual(['front=up >= 1']);
    expect(parseTelemetry(config, 'f').specs.map(({ role }) => role)).toEqual([
      'metrics',
      'alerts',
      'alerts',
      'traces',
    ]);
  });

  it('name the cluster of a context for servers of several, and of no other context', () => {
    const config = configOf({
      [Setting.telemetryPrometheus]: 'https://mimir.example',
      [Setting.telemetryAlertmanager]: ['cloudwatch://eu-west-1'],
      [Setting.telemetryClusters]: { prod: 'cluster=eu', test: ' ', odd: 3, wrong: 'a b' },
    });
    const clustersOf = (context: string) => parseTelemetry(config, 'f', context).specs.map(({ cluster }) => cluster);
    expect(clustersOf('prod')).toEqual([{ all: false, label: 'cluster', value: 'eu' }, undefined]);
    for (const context of ['test', 'odd', 'constructor', ''])
      expect(clustersOf(context)).toEqual([undefined, undefined]);
    expect(() => clustersOf('wrong')).toThrow(/^cluster "a b": the cluster is written LABEL=VALUE/);
  });

  it('that cannot be right are told by name, without what is secret in them', () => {
    const wrong = configOf({ [Setting.telemetryTraces]: 'ftp://user:hunter2hunter2@jaeger/' });
    const read = () => parseTelemetry(wrong, 'f');
    expect(read).toThrow(/^stratus\.telemetry\.traces ".*": it must begin with http/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('of any shape name something or nothing, and never fail', () => {
    for (const odd of [null, 7, {}, [null, 3], 'x'.repeat(10)])
      expect(() => configOf({ [Setting.telemetryAlertmanager]: odd, [Setting.telemetryPages]: odd })).not.toThrow();
  });
});

describe('telemetry that was found in clusters', () => {
  const here = { fingerprint: 'f1' };
  const sources = [{ role: 'metrics' as const, url: 'svc://monitoring/prometheus:9090/' }];

  it('is offered once in a window, and not again once somebody has said what is to be done', async () => {
    const stored = new Map<string, unknown>();
    const memory = memoryOf(stored);
    expect([memory.mayOffer(here), memory.mayOffer(here), memory.mayOffer({ fingerprint: 'f2' })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(memoryOf(stored).mayOffer(here)).toBe(true);
    await memory.never(here);
    expect(memoryOf(stored).mayOffer(here)).toBe(false);
    expect(memory.accepted()).toEqual({});
    await memory.use(here, sources);
    expect(memoryOf(stored).mayOffer(here)).toBe(false);
    expect(memory.of(here)).toMatchObject(sources);
    expect(memory.of({ fingerprint: 'f2' })).toEqual([]);
  });

  it('is read in its own cluster only, where the settings name nothing of the kind', async () => {
    const memory = memoryOf(new Map());
    await memory.use(here, sources);
    const config = telemetryConfig(reader({}), (path) => path, memory.accepted()).telemetry;
    expect(parseTelemetry(config, 'f1').specs).toMatchObject([{ role: 'metrics', place: { via: 'service' } }]);
    expect(parseTelemetry(config, 'f2').specs).toEqual([]);
    expect(parseTelemetry(config, 'constructor').specs).toEqual([]);
    const named = reader({ [Setting.telemetryPrometheus]: 'https://mine.example' });
    const both = telemetryConfig(named, (path) => path, memory.accepted()).telemetry;
    expect(parseTelemetry(both, 'f1').specs).toMatchObject([{ place: { url: 'https://mine.example/' } }]);
  });

  it('is nothing where nonsense is stored', () => {
    for (const odd of [null, 7, 'x', { f1: 3 }, { f1: [{ role: 'x', url: 'y' }, null] }]) {
      const memory = memoryOf(new Map([['telemetryOfClusters', odd]]));
      expect(memory.of(here)).toEqual([]);
    }
  });
});

describe('tokens of telemetry', () => {
  const secrets = new Map<string, string>();
  const tokens = new TelemetryTokens({
    get: async (name) => secrets.get(name),
    store: async (name, value) => void secrets.set(name, value),
    delete: async (name) => void secrets.delete(name),
  });
  const source = (url: string) => ({ what: 'x', role: 'metrics' as const, url });

  it('belong to one address, however it is written, and to servers that are asked from here only', () => {
    for (const text of [
      'https://mimir.example/prometheus',
      'prometheus+https://mimir.example/prometheus/',
      ' https://a:b@mimir.example/prometheus',
    ])
      expect(tokenAddress(text), text).toBe('https://mimir.example/prometheus');
    for (const text of ['svc://a/b:80/', 'cloudwatch://eu-west-1', 'nonsense', ''])
      expect(tokenAddress(text), text).toBeNull();
  });

  it('go to their address, as a bearer token or as a header, and to no other', async () => {
    await tokens.keep('https://one.example', 'abc');
    await tokens.keep('https://two.example/base', 'X-Api-Key: def');
    const config = {
      sources: [source('https://one.example/'), source('https://two.example/base'), source('https://three.example')],
      objectives: [],
      find: false,
    };
    expect((await tokens.with(config)).sources).toEqual([
      { ...source('https://one.example/'), token: 'abc' },
      { ...source('https://two.example/base'), headers: ['X-Api-Key: def'] },
      source('https://three.example'),
    ]);
    await tokens.forget('https://one.example');
    expect((await tokens.with(config)).sources[0]).toEqual(source('https://one.example/'));
  });

  it('are refused where they cannot be one', () => {
    expect(['abc', 'X-Api-Key: d e', '', '-'].map(tokenProblem)).toEqual(['', '', '', '']);
    expect(['two words', 'naïve', 'X-Api-Key: naïve'].map(tokenProblem)).toEqual(Array(3).fill('no-token'));
  });
});

describe('a test of telemetry', () => {
  it('tells what answers, what does not, and what follows, as text only', () => {
    const target = { context: 'prod', server: 'https://10.0.0.1', namespace: 'shop', fingerprint: 'f' };
    const problem = 'Jaeger at jaeger.example does not answer';
    const text = telemetryText(target, {
      opened: [
        {
          role: 'metrics',
          name: 'Prometheus in monitoring',
          version: '3.5.0',
          problem: null,
          note: 'its clock is 40 s ahead of the clock here',
        },
        { role: 'traces', name: 'Jaeger', version: null, problem: `${problem} <img src=x>` },
      ],
      notes: [`${problem} <img src=x>`, 'logs are not read'],
    });
    expect(text).toMatch(/^# prod: 1 source of 2 answer/);
    expect(text).toContain(
      '| answers | metrics | Prometheus in monitoring | 3.5.0; its clock is 40 s ahead of the clock here |',
    );
    expect(text).toContain('- No traces: Nobody is suspected by traces.');
    expect(text.match(/does not answer/g)).toHaveLength(1);
    expect(text).toContain('logs are not read');
    expect(text).not.toMatch(/[^\\]<img/);
  });
});
