import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Alert, Answer, LogLine } from '../../../src/domain/telemetry.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { AwsFetcher } from '../../../src/telemetry/cloudwatch/aws-fetcher.ts';
import type { AwsService } from '../../../src/telemetry/cloudwatch/aws-place.ts';
import { awsPlace } from '../../../src/telemetry/cloudwatch/aws-place.ts';
import { openSources } from '../../../src/telemetry/open-sources.ts';
import { parseSource } from '../../../src/telemetry/settings/parse-source.ts';
import { insightsLine } from '../../support/telemetry/forms.ts';
import type { AwsInstance } from '../../testbed/aws/aws-instance.ts';
import { downAws, upAws } from '../../testbed/aws/aws-instance.ts';
import { silentReport } from '../../testbed/report.ts';

/** CloudWatch as moto has it. It takes any credentials, so that what is refused for them is tested with answers of AWS's form. */
const never = new AbortController().signal;
const clock = new SystemClock();
const env = { AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' };
const TARGETS: Readonly<Record<AwsService, string>> = {
  monitoring: 'GraniteServiceVersion20100801',
  logs: 'Logs_20140328',
};

const name = `cloudwatch-${process.pid}`;
let home: string;
let aws: AwsInstance;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'stratus-aws-'));
  vi.stubEnv('STRATUS_TESTBED_HOME', home);
  aws = await upAws(name, silentReport);
});
afterAll(async () => {
  await downAws(name);
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

/** Changes something in the stand-in, each caller in a region of its own. */
async function write(region: string, service: AwsService, action: string, input: object): Promise<void> {
  const place = await awsPlace(service, { region, endpoint: aws.endpoint }, env, clock);
  const { status, body } = await new AwsFetcher(service, place, () => clock.now()).fetch({
    path: '/',
    body: { type: 'application/x-amz-json-1.1', text: JSON.stringify(input) },
    headers: { 'x-amz-target': `${TARGETS[service]}.${action}` },
    accept: '*/*',
    signal: never,
    maxBytes: 1 << 20,
  });
  if (status !== 200) throw new Error(`${action}: ${status} ${body}`);
}

async function alarmsIn(region: string) {
  const spec = parseSource('--alerts', 'alerts', `cloudwatch://${region}?endpoint=${aws.endpoint}`);
  return openSources([spec], { clock, clusterGet: null, env }, never);
}

async function logsIn(region: string, group = '/shop') {
  const spec = parseSource('--logs', 'logs', `cloudwatch://${region}?log-group=${group}&endpoint=${aws.endpoint}`);
  return openSources([spec], { clock, clusterGet: null, env }, never);
}

const DIMENSIONS = [
  { Name: 'Namespace', Value: 'shop' },
  { Name: 'PodName', Value: 'front' },
];
const METRIC = { Namespace: 'ContainerInsights', MetricName: 'pod_memory_utilization', Dimensions: DIMENSIONS };

async function alarm(region: string, AlarmName: string, state: string, more: object = {}): Promise<void> {
  const rule = {
    ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, Period: 60, Threshold: 85, Statistic: 'Maximum',
  }; // prettier-ignore
  await write(region, 'monitoring', 'PutMetricAlarm', { AlarmName, ActionsEnabled: true, ...METRIC, ...rule, ...more });
  await write(region, 'monitoring', 'SetAlarmState', {
    AlarmName,
    StateValue: state,
    StateReason: 'Threshold Crossed',
  });
}

async function log(region: string, lines: readonly string[], stream = 'node-application.log'): Promise<void> {
  await write(region, 'logs', 'CreateLogGroup', { logGroupName: '/shop' });
  await write(region, 'logs', 'CreateLogStream', { logGroupName: '/shop', logStreamName: stream });
  if (lines.length === 0) return;
  const logEvents = lines.map((message, i) => ({ timestamp: Date.now() - 60_000 + i * 1_000, message }));
  await write(region, 'logs', 'PutLogEvents', { logGroupName: '/shop', logStreamName: stream, logEvents });
}

const lastHour = () => ({ from: Date.now() - 3_600_000, to: Date.now() });
const search = (more: object = {}) => ({ namespace: 'shop', ...lastHour(), limit: 10, ...more });

function valueOf<T>(answer: Answer<T>): T {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}
const namesOf = (answer: Answer<Alert[]>) => valueOf(answer).map((alert) => alert.name);
const textsOf = (answer: Answer<LogLine[]>) => valueOf(answer).map(({ text }) => text);

describe('CloudWatch', () => {
  it('an alarm leads to what it watches and to the lines of its pods', async () => {
    const region = 'eu-central-1';
    await alarm(region, 'memory-front', 'ALARM', { AlarmDescription: 'the front is close to its limit' });
    const MetricData = [70, 88, 93].map((Value, i) => ({
      MetricName: METRIC.MetricName, Dimensions: DIMENSIONS, Value, Timestamp: Math.floor(Date.now() / 1000) - 600 + i * 60,
    })); // prettier-ignore
    await write(region, 'monitoring', 'PutMetricData', { Namespace: METRIC.Namespace, MetricData });
    await log(region, [insightsLine('ready'), insightsLine('OOMKilled\u001b[31m'), insightsLine('x', 'y', 'other')]);

    const { sources, opened } = await alarmsIn(region);
    expect(opened).toEqual([{ role: 'alerts', name: `CloudWatch in ${region}`, version: null, problem: null }]);
    const [alert] = valueOf(await sources.alerts!.alerts(never));
    expect(alert).toMatchObject({
      name: 'memory-front', state: 'firing', labels: { namespace: 'shop', pod: 'front', metric: 'pod_memory_utilization' },
      annotations: { description: 'the front is close to its limit', reason: 'Threshold Crossed' },
    }); // prettier-ignore
    const [series] = valueOf(await sources.alerts!.series!(alert!, { ...lastHour(), stepMs: 60_000 }, never));
    expect(Math.max(...series!.samples.map(({ value }) => value))).toBe(93);
    const logs = await logsIn(region);
    expect(logs.opened[0]!.problem).toBeNull();
    expect(textsOf(await logs.sources.logs!.search(search({ text: 'oom' }), never))).toEqual(['OOMKilled']);
  });

  const CASES: readonly [what: string, run: () => Promise<void>][] = [
    ['a region without alarms has none', async () => {
      const { sources } = await alarmsIn('eu-west-1');
      expect(await sources.alerts!.alerts(never)).toMatchObject({ state: 'ok', value: [] });
    }],
    ['an alarm that is over is no alert', async () => {
      await alarm('eu-west-2', 'memory', 'OK');
      expect(namesOf(await (await alarmsIn('eu-west-2')).sources.alerts!.alerts(never))).toEqual([]);
    }],
    ['an alarm without enough data is no alert, and told', async () => {
      await alarm('eu-west-3', 'blind', 'INSUFFICIENT_DATA');
      const { sources } = await alarmsIn('eu-west-3');
      expect(await sources.alerts!.alerts(never)).toMatchObject({
        state: 'ok', value: [], note: '1 alarm without enough data to speak',
      });
    }],
    ['an alarm with its actions off is left out, and told', async () => {
      await alarm('eu-north-1', 'off', 'ALARM', { ActionsEnabled: false });
      const { sources } = await alarmsIn('eu-north-1');
      expect(await sources.alerts!.alerts(never)).toMatchObject({ value: [], note: expect.stringMatching(/actions off/) as string });
    }],
    ['an alarm of autoscaling is left out', async () => {
      await alarm('eu-south-1', 'TargetTracking-x-AlarmLow', 'ALARM');
      expect(namesOf(await (await alarmsIn('eu-south-1')).sources.alerts!.alerts(never))).toEqual([]);
    }],
    ['an alarm made of others is an alert that watches no metric', async () => {
      // moto makes one of whatever alarm has a rule.
        await write('us-east-1', 'monitoring', 'PutMetricAlarm', { AlarmName: 'all', AlarmRule: 'ALARM(memory)', ActionsEnabled: true });
        await write('us-east-1', 'monitoring', 'SetAlarmState', { AlarmName: 'all', StateValue: 'ALARM', StateReason: 'x' });
      const { sources } = await alarmsIn('us-east-1');
      const [alert] = valueOf(await sources.alerts!.alerts(never));
      expect(alert!.name).toBe('all');
      expect(await sources.alerts!.series!(alert!, { ...lastHour(), stepMs: 60_000 }, never)).toMatchObject({ state: 'absent' });
    }],
    ['an alarm whose metric has no data shows none, and says so', async () => {
      await alarm('us-east-2', 'silent', 'ALARM');
      const { sources } = await alarmsIn('us-east-2');
      const [alert] = valueOf(await sources.alerts!.alerts(never));
      expect(await sources.alerts!.series!(alert!, { ...lastHour(), stepMs: 60_000 }, never)).toMatchObject({
        state: 'ok', value: [], note: '1 metric without data',
      });
    }],
    ['an alarm that was deleted is gone', async () => {
      await alarm('us-west-1', 'gone', 'ALARM');
      const { sources } = await alarmsIn('us-west-1');
      const [alert] = valueOf(await sources.alerts!.alerts(never));
      await write('us-west-1', 'monitoring', 'DeleteAlarms', { AlarmNames: ['gone'] });
      expect(namesOf(await sources.alerts!.alerts(never))).toEqual([]);
      expect(await sources.alerts!.series!(alert!, { ...lastHour(), stepMs: 60_000 }, never)).toMatchObject({ state: 'absent' });
    }],
    ['a log group that is not there is unknown, not silent', async () => {
      const { sources, opened } = await logsIn('us-west-2', '/none');
      expect(opened[0]!.problem).toMatch(/has nothing of that name \(it says: The specified log group does not exist/);
      expect(await sources.logs!.search(search(), never)).toMatchObject({ state: 'unknown' });
    }],
    ['a log group without lines has none', async () => {
      await log('ca-central-1', []);
      expect(textsOf(await (await logsIn('ca-central-1')).sources.logs!.search(search(), never))).toEqual([]);
    }],
    ['lines that do not say where they come from are unknown, not silent', async () => {
      await log('ap-south-1', ['plain', 'text']);
      const { sources } = await logsIn('ap-south-1');
      expect(await sources.logs!.search(search(), never)).toMatchObject({
        state: 'unknown', reason: expect.stringMatching(/do not say which namespace/) as string,
      });
    }],
    ['more lines than asked for are cut to the newest', async () => {
      await log('ap-east-1', Array.from({ length: 50 }, (_, i) => insightsLine(`line ${i}`)));
      const answer = await (await logsIn('ap-east-1')).sources.logs!.search(search({ limit: 3 }), never);
      expect(textsOf(answer)).toEqual(['line 47', 'line 48', 'line 49']);
      expect(answer).toMatchObject({ cut: 'only the newest 3 lines' });
    }],
    ['a namespace that is no name finds nothing and breaks nothing', async () => {
      await log('ap-southeast-1', [insightsLine('x')]);
      const { sources } = await logsIn('ap-southeast-1');
      expect(await sources.logs!.search(search({ namespace: 'sh"op\\' }), never)).toMatchObject({ state: 'ok', value: [] });
    }],
  ]; // prettier-ignore
  it.each(CASES)('%s', (_what, run) => run());

  it('that is down is unknown', async () => {
    const { sources } = await alarmsIn('sa-east-1');
    await downAws(name);
    expect(await sources.alerts!.alerts(never)).toMatchObject({
      state: 'unknown', reason: expect.stringMatching(/^CloudWatch in sa-east-1 cannot be reached: (connection refused|the connection was closed)/) as string,
    }); // prettier-ignore
  });
});
