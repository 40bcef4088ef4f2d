import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import aws4 from 'aws4';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert, Answer, LogLine } from '../../../src/domain/telemetry.ts';
import type { RunAws } from '../../../src/telemetry/cloudwatch/aws-credentials.ts';
import { AwsCredentials, awsCommand } from '../../../src/telemetry/cloudwatch/aws-credentials.ts';
import { awsPlace } from '../../../src/telemetry/cloudwatch/aws-place.ts';
import { CloudWatchAlarms } from '../../../src/telemetry/cloudwatch/cloudwatch-alarms.ts';
import { CloudWatchLogs } from '../../../src/telemetry/cloudwatch/cloudwatch-logs.ts';
import { openSources } from '../../../src/telemetry/open-sources.ts';
import { parseSource } from '../../../src/telemetry/settings/parse-source.ts';
import { FakeClock, whileTimePasses } from '../../support/fake-clock.ts';
import { awsBehind, clientAt } from '../../support/telemetry/adapters.ts';
import * as forms from '../../support/telemetry/forms.ts';
import type { Asked, Responder } from '../../support/telemetry/source-server.ts';
import { serverPool } from '../../support/telemetry/source-server.ts';

const { NOW } = forms;
const serve = serverPool(afterEach);
const never = new AbortController().signal;
const inputOf = ({ body }: Asked) => JSON.parse(body) as Record<string, unknown>;
const actionOf = ({ headers }: Asked) => String(headers['x-amz-target']).split('.')[1];
const window = { from: NOW - 3_600_000, to: NOW, stepMs: 60_000 };

function valueOf<T>(answer: Answer<T>): T {
  if (answer.state !== 'ok') throw new Error(answer.reason);
  return answer.value;
}

/** A server of AWS that answers each action by a value, a list of values one after the other, or a responder. */
async function awsServer(actions: Record<string, unknown>) {
  const lists = new Map(Object.entries(actions).map(([name, one]) => [name, Array.isArray(one) ? [...one] : null]));
  return serve({
    '/': ((asked, response) => {
      const action = actionOf(asked) ?? '';
      const list = lists.get(action);
      const next: unknown = list ? list.shift() : actions[action];
      if (typeof next === 'function') return (next as Responder)(asked, response);
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(next ?? {}));
    }) satisfies Responder,
  });
}

/** An error as AWS JSON tells it. */
const refusal =
  (code: string, message = '', status = 400, headers: Record<string, string> = {}): Responder =>
  (_asked, response) =>
    response.writeHead(status, headers).end(JSON.stringify({ __type: `com.amazonaws.x#${code}`, message }));

describe('alarms of CloudWatch', () => {
  const alarmsOf = async (describe: unknown, more: Record<string, unknown> = {}) => {
    const server = await awsServer({ DescribeAlarms: describe, ...more });
    const clock = new FakeClock();
    return { server, clock, source: new CloudWatchAlarms(awsBehind(clientAt(server.url, clock), 'monitoring')) };
  };
  const cpu = {
    name: 'cpu', Namespace: 'ContainerInsights', MetricName: 'pod_cpu_utilization', Statistic: 'Maximum', Period: 300,
    EvaluationPeriods: 2, Dimensions: [{ Name: 'Namespace', Value: 'shop' }, { Name: 'PodName', Value: 'front' }],
  }; // prettier-ignore

  it('of several clusters are those of the one that the address names', async () => {
    const of = (ClusterName: string) => ({
      ...cpu,
      name: `cpu-${ClusterName}`,
      Dimensions: [...cpu.Dimensions, { Name: 'ClusterName', Value: ClusterName }],
    });
    const opened = async (query: string) => {
      const describeAlarms = [{}, forms.alarms(of('prod'), of('test')), {}];
      const server = await awsServer({ DescribeAlarms: describeAlarms });
      const spec = parseSource('--alerts', 'alerts', `cloudwatch://eu-west-1?endpoint=${server.url}${query}`);
      const env = { AWS_ACCESS_KEY_ID: 'AKIATESTING', AWS_SECRET_ACCESS_KEY: 'testing-secret' };
      const { sources } = await openSources([spec], { clock: new FakeClock(), clusterGet: null, env }, never);
      return sources.alerts!.alerts(never);
    };
    const named = await opened('&cluster=prod');
    expect(valueOf(named).map(({ name }) => name)).toEqual(['cpu-prod']);
    expect(named).toMatchObject({ note: '1 alert of other clusters left out (ours: cluster="prod")' });
    const untold = await opened('');
    expect(valueOf(untold)).toEqual([]);
    expect(untold).toMatchObject({ names: { doubtful: { alerts: [{ name: 'cpu-prod' }, { name: 'cpu-test' }] } } });
  });

  it('in ALARM are alerts, with the labels that others use', async () => {
    const { server, source } = await alarmsOf([forms.alarms(cpu, { name: 'all', AlarmRule: 'ALARM(cpu)' }), {}]);
    const answer = await source.alerts(never);
    expect(answer).toEqual({
      state: 'ok',
      asOf: NOW,
      value: [
        {
          name: 'cpu', state: 'firing', startsAt: NOW - 60_000, fingerprint: expect.any(String) as string,
          labels: {
            alertname: 'cpu', region: 'eu-west-1', metric: 'pod_cpu_utilization', metric_namespace: 'ContainerInsights',
            namespace: 'shop', pod: 'front',
          },
          annotations: { description: 'cpu is there', reason: 'Threshold Crossed' },
          link: `${server.url}/#alarmsV2:alarm/cpu`,
        },
        expect.objectContaining({ name: 'all', labels: { alertname: 'all', region: 'eu-west-1' } }) as Alert,
      ],
    }); // prettier-ignore
    expect(server.asked.map(inputOf)).toEqual([
      { StateValue: 'ALARM', AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], MaxRecords: 100 },
      { StateValue: 'INSUFFICIENT_DATA', AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], MaxRecords: 100 },
    ]);
    expect(source.timing).toEqual({ lagMs: 120_000, settleMs: 120_000 + 600_000 });
  });

  it('that nobody is told of are left out, and those that cannot speak are told', async () => {
    const { source } = await alarmsOf([
      forms.alarms(
        { name: 'off', actions: false },
        { name: 'TargetTracking-service/x-AlarmLow-1' },
        { name: 'suppressed', AlarmRule: 'x', ActionsSuppressedBy: 'Alarm' },
      ),
      forms.alarms({ name: 'blind', state: 'INSUFFICIENT_DATA' }),
    ]);
    expect(await source.alerts(never)).toEqual({
      state: 'ok', value: [], asOf: NOW,
      note: '3 alarms with actions off, suppressed, or of autoscaling left out; 1 alarm without enough data to speak',
      names: { mute: ['blind'] },
    }); // prettier-ignore
  });

  it('of which people were told go on, hidden, when their actions are turned off', async () => {
    const { source } = await alarmsOf([forms.alarms(cpu), {}, forms.alarms({ ...cpu, actions: false }), {}]);
    expect(valueOf(await source.alerts(never))[0]).not.toHaveProperty('hidden');
    expect(valueOf(await source.alerts(never))).toMatchObject([{ name: 'cpu', hidden: true }]);
  });

  it('come in pages; one that is not given is told', async () => {
    const page = (name: string, token?: string) => ({ ...forms.alarms({ name }), NextToken: token });
    const whole = await alarmsOf([page('a', 't'), page('b'), {}]);
    expect(valueOf(await whole.source.alerts(never)).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(inputOf(whole.server.asked[1]!).NextToken).toBe('t');

    const throttled = refusal('ThrottlingException', 'Rate exceeded');
    const part = await alarmsOf([page('a', 't'), throttled, throttled, throttled, {}]);
    const answer = await whileTimePasses(part.clock, part.source.alerts(never));
    expect(valueOf(answer).map(({ name }) => name)).toEqual(['a']);
    expect(answer).toMatchObject({
      cut: 'only 1 page of alarms given: it takes no more questions now: ask again later (it says: Rate exceeded)',
    });

    const endless = await alarmsOf(((_asked, response) => response.end(JSON.stringify(page('a', String(Math.random()))))) satisfies Responder);
    expect(await endless.source.alerts(never)).toMatchObject({ cut: 'only 20 pages of alarms are read' });
  }); // prettier-ignore

  it('a short throttling is waited out', async () => {
    const { clock, source } = await alarmsOf([refusal('ThrottlingException'), forms.alarms(cpu), {}]);
    expect(valueOf(await whileTimePasses(clock, source.alerts(never)))).toHaveLength(1);
  });

  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html */
  const REFUSALS: readonly [code: string, status: number, reason: RegExp][] = [
    ['ThrottlingException', 400, /takes no more questions now/],
    ['RequestLimitExceeded', 400, /takes no more questions now/],
    ['ExpiredTokenException', 400, /credentials have expired: run aws sso login, or renew them/],
    ['RequestExpired', 400, /credentials have expired/],
    ['UnrecognizedClientException', 400, /refuses the credentials: check the keys and the region/],
    ['InvalidClientTokenId', 403, /refuses the credentials/],
    ['MissingAuthenticationToken', 403, /refuses the credentials/],
    ['InvalidSignatureException', 403, /refuses the signature: check the secret key, and the clock/],
    ['AccessDeniedException', 400, /does not allow DescribeAlarms: have that granted/],
    ['OptInRequired', 403, /does not allow DescribeAlarms/],
    ['ValidationError', 400, /does not take the question DescribeAlarms/],
    ['InvalidNextToken', 400, /does not take the question DescribeAlarms/],
    ['InternalServiceFault', 500, /HTTP 500: see the status of AWS/],
    ['ServiceUnavailable', 503, /HTTP 503: see the status of AWS/],
  ];
  it.each(REFUSALS)('%s is unknown', async (code, status, reason) => {
    const { clock, source } = await alarmsOf(refusal(code, 'because', status));
    const answer = await whileTimePasses(clock, source.alerts(never));
    expect(answer).toMatchObject({ state: 'unknown' });
    const said = answer.state === 'unknown' ? answer.reason : '';
    expect(said).toMatch(reason);
    expect(said).toMatch(/^Source at \S+ .*\(it says: because\)$/);
  });

  it('show what they look at', async () => {
    const data = (values: unknown[], more: object = {}) => ({
      MetricDataResults: [
        {
          Id: 'm0', Label: 'cpu', StatusCode: 'Complete', Values: values,
          Timestamps: values.map((_, i) => NOW / 1000 - 600 + i * 300), ...more,
        },
      ],
    }); // prettier-ignore
    const { server, source } = await alarmsOf([forms.alarms(cpu), {}], {
      GetMetricData: [{ ...data([1], { StatusCode: 'PartialData' }), NextToken: 't' }, data([1, 2, 'NaN'])],
    });
    const [alert] = valueOf(await source.alerts(never));
    expect(await source.series(alert!, window, never)).toEqual({
      state: 'ok',
      value: [{ labels: { label: 'cpu' }, samples: [{ at: NOW - 600_000, value: 1 }, { at: NOW - 300_000, value: 2 }] }],
      asOf: NOW,
      note: 'asked for in steps of 5 min',
    });
    expect(inputOf(server.asked[2]!)).toEqual({
      MetricDataQueries: [
        {
          Id: 'm0', ReturnData: true,
          MetricStat: {
            Metric: { Namespace: 'ContainerInsights', MetricName: 'pod_cpu_utilization', Dimensions: cpu.Dimensions },
            Period: 300, Stat: 'Maximum',
          },
        },
      ],
      StartTime: NOW / 1000 - 3600, EndTime: NOW / 1000, ScanBy: 'TimestampAscending',
    });
    expect(await source.series({ ...alert!, fingerprint: 'x' }, window, never)).toMatchObject({ state: 'absent' });
  }); // prettier-ignore

  it.each([
    ['PartialData', { state: 'ok', cut: '1 metric given in part' }],
    ['Forbidden', { state: 'unknown' }],
    ['Complete', { state: 'ok', value: [], note: expect.stringMatching(/1 metric without data/) as string }],
  ])('data that is %s is told', async (StatusCode, expected) => {
    const values = StatusCode === 'Complete' ? [] : [1];
    const result = { Id: 'm0', Label: 'x', StatusCode, Timestamps: values.map(() => NOW / 1000), Values: values };
    const { source } = await alarmsOf([forms.alarms(cpu), {}], { GetMetricData: { MetricDataResults: [result] } });
    const [alert] = valueOf(await source.alerts(never));
    expect(await source.series(alert!, window, never)).toMatchObject(expected);
  });
});

describe('logs of CloudWatch', () => {
  const query = { namespace: 'shop', from: NOW - 1_600_000, to: NOW, limit: 2 };
  const logsOf = async (filter: unknown) => {
    const server = await awsServer({ FilterLogEvents: filter });
    const clock = new FakeClock();
    return { server, clock, source: new CloudWatchLogs(awsBehind(clientAt(server.url, clock), 'logs'), '/shop') };
  };
  const textsOf = (answer: Answer<LogLine[]>) => valueOf(answer).map(({ text }) => text);
  const line = (at: number, text: string, pod?: string, namespace?: string) => ({
    at, message: forms.insightsLine(text, pod, namespace),
  }); // prettier-ignore

  it('are read from the end, newest first, and stand oldest first', async () => {
    const { server, source } = await logsOf([
      forms.logEvents(line(-1_000, 'c\u0007')),
      forms.logEvents(line(-300_000, 'b'), line(-310_000, 'a')),
    ]);
    const answer = await source.search(query, never);
    expect(valueOf(answer)).toEqual([
      { at: NOW - 300_000, text: 'b', pod: 'front-1', container: 'app' },
      { at: NOW - 1_000, text: 'c', pod: 'front-1', container: 'app' },
    ]);
    expect(answer).toMatchObject({ cut: 'only the newest 2 lines' });
    expect(server.asked.map(inputOf).map(({ startTime, endTime }) => [startTime, endTime])).toEqual([
      [NOW - 100_000, NOW],
      [NOW - 400_001, NOW - 100_001],
    ]);
    expect(inputOf(server.asked[0]!)).toMatchObject({
      logGroupName: '/shop', filterPattern: '{ ($.kubernetes.namespace_name = "shop") }',
    }); // prettier-ignore
  });

  it('are filtered here once more, for not everybody knows the pattern', async () => {
    const stream = `node-application.var.log.containers.front-1_shop_app-${'0'.repeat(64)}.log`;
    const { source } = await logsOf(
      forms.logEvents(
        line(-1, 'other pod', 'back-1'),
        line(-2, 'other namespace', 'front-1', 'x'),
        line(-3, 'Error: mine'),
        { at: -4, message: 'plain ERROR of mine', stream },
        line(-5, 'fine'),
      ),
    );
    const answer = await source.search({ ...query, limit: 9, pod: 'front-1', container: 'app', text: 'error' }, never);
    expect(textsOf(answer)).toEqual(['plain ERROR of mine', 'Error: mine']);
  });

  it('come in pages, each event once; one that is not given is told', async () => {
    const page = (nextToken: string | undefined, ...lines: Parameters<typeof forms.logEvents>) => ({
      ...forms.logEvents(...lines), nextToken,
    }); // prettier-ignore
    const whole = await logsOf([page('t', line(-2, 'a')), page(undefined, line(-2, 'a'), line(-1, 'b')), {}, {}]);
    expect(textsOf(await whole.source.search({ ...query, limit: 9 }, never))).toEqual(['a', 'b']);
    const broken = await logsOf([page('t', line(-2, 'a')), refusal('ExpiredTokenException'), refusal('ExpiredTokenException')]);
    expect(await broken.source.search(query, never)).toMatchObject({
      state: 'ok', cut: expect.stringMatching(/^lines are missing: it says that the credentials have expired/) as string,
    });
    const endless = await logsOf(((_asked, response) =>
      response.end(JSON.stringify(page(String(Math.random()), line(-2, 'a'))))) satisfies Responder);
    expect(await endless.source.search(query, never)).toMatchObject({
      cut: 'only 12 pages of lines are read: the newest may be missing',
    });
  }); // prettier-ignore

  it('of a form that names no namespace are not taken for silence', async () => {
    const { source } = await logsOf(((asked, response) =>
      response.end(JSON.stringify('filterPattern' in inputOf(asked) ? {} : forms.logEvents({ message: 'plain' })))) satisfies Responder); // prettier-ignore
    expect(await source.search(query, never)).toMatchObject({
      state: 'unknown', reason: expect.stringMatching(/do not say which namespace they come from/) as string,
    }); // prettier-ignore
  });

  it('of a group that is not there are unknown', async () => {
    const { source } = await logsOf(refusal('ResourceNotFoundException', 'The specified log group does not exist.'));
    expect(await source.search(query, never)).toMatchObject({
      state: 'unknown', reason: expect.stringMatching(/has nothing of that name \(it says: The specified log group/) as string,
    }); // prettier-ignore
  });
});

describe('who asks AWS, and where', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  const home = async (files: Record<string, string>) => {
    const folder = await mkdtemp(join(tmpdir(), 'aws-'));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') };
  };
  const noCommand: RunAws = () => Promise.resolve(null);
  const CONFIG = '[default]\nregion = eu-west-1\n[profile prod]\nregion=eu-central-1\n# note\nsso_session = x\n';
  const CREDENTIALS = '[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = secret-default\n';

  it('keys come from the environment, then from the profile, then from the command', async () => {
    const env = await home({ config: CONFIG, credentials: CREDENTIALS });
    const clock = new FakeClock();
    const inEnvironment = { ...env, AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' };
    expect(await new AwsCredentials(undefined, inEnvironment, clock, noCommand).keys(never)).toEqual({
      accessKeyId: 'AKIAENV', secretAccessKey: 's', sessionToken: 't',
    }); // prettier-ignore
    expect(await new AwsCredentials(undefined, env, clock, noCommand).keys(never)).toMatchObject({
      accessKeyId: 'AKIADEFAULT',
    });
    const asked: string[] = [];
    const run: RunAws = (argv) => {
      asked.push(argv.join(' '));
      const Expiration = new Date(clock.now() + 600_000).toISOString();
      return Promise.resolve(
        JSON.stringify({ Version: 1, AccessKeyId: 'ASIA', SecretAccessKey: 's', SessionToken: 't', Expiration }),
      );
    };
    const prod = new AwsCredentials('prod', inEnvironment, clock, run);
    expect(await prod.keys(never)).toMatchObject({ accessKeyId: 'ASIA', sessionToken: 't' });
    await prod.keys(never);
    expect(asked).toEqual(['configure export-credentials --format process --profile prod']);
    await clock.advance(590_000);
    await prod.keys(never);
    expect(asked).toHaveLength(2);
  });

  it.each<[string, RunAws, RegExp]>([
    ['no command', noCommand, /no keys of AWS in the environment or in profile prod, and no aws command/],
    ['nonsense', () => Promise.resolve('hello'), /gives no keys: run aws login or aws sso login/],
    ['expired keys', () => Promise.resolve('{"AccessKeyId":"a","SecretAccessKey":"secret-1","Expiration":"2001-01-01T00:00:00Z"}'), /have expired: run aws sso login/],
  ])('%s is told', async (_what, run, reason) => {
    const env = await home({ config: CONFIG });
    const work = new AwsCredentials('prod', env, new FakeClock(), run).keys(never);
    await expect(work).rejects.toThrow(reason);
    await expect(work).rejects.not.toThrow(/secret-1/);
  }); // prettier-ignore

  it('a command that is not there is null; one that fails is told in its words', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'aws-bin-'));
    folders.push(folder);
    expect(await awsCommand({ PATH: folder })([], never)).toBeNull();
    await writeFile(join(folder, 'aws'), '#!/bin/sh\necho "The SSO session has expired\u001b[0m" >&2\nexit 255\n', {
      mode: 0o755,
    });
    await expect(awsCommand({ PATH: `${folder}:/bin:/usr/bin` })([], never)).rejects.toThrow(
      'the aws command says: The SSO session has expired',
    );
  });

  it('the region comes from the address, the environment or the profile', async () => {
    const env = await home({ config: CONFIG });
    const clock = new FakeClock();
    const regionOf = async (place: object, more: object = {}) =>
      (await awsPlace('logs', place, { ...env, ...more }, clock)).url.href;
    expect(await regionOf({ region: 'us-east-1' })).toBe('https://logs.us-east-1.amazonaws.com/');
    expect(await regionOf({}, { AWS_REGION: 'us-west-2' })).toBe('https://logs.us-west-2.amazonaws.com/');
    expect(await regionOf({ profile: 'prod' })).toBe('https://logs.eu-central-1.amazonaws.com/');
    expect(await regionOf({})).toBe('https://logs.eu-west-1.amazonaws.com/');
    expect(await regionOf({ region: 'cn-north-1' })).toBe('https://logs.cn-north-1.amazonaws.com.cn/');
    expect(await regionOf({}, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toBe('http://127.0.0.1:1/');
    await expect(awsPlace('logs', { profile: 'other' }, env, clock)).rejects.toThrow(/no region is named/);
  });

  it('what is sent is signed, on the clock of AWS when it differs', async () => {
    const ahead = 20 * 60_000;
    const refused: Responder = refusal('InvalidSignatureException', 'Signature expired', 403, {
      date: new Date(NOW + ahead).toUTCString(),
    });
    const server = await awsServer({ DescribeAlarms: [refused, {}, {}, {}] });
    const env = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token-1' };
    const spec = parseSource('--alerts', 'alerts', `cloudwatch://eu-west-1?endpoint=${server.url}`);
    const { sources, opened } = await openSources([spec], { clock: new FakeClock(), clusterGet: null, env }, never);
    expect(opened).toEqual([
      {
        ...{ role: 'alerts', name: 'CloudWatch in eu-west-1', version: null, problem: null },
        note: expect.stringMatching(/^its clock is 120\d s ahead of the clock here$/) as string,
      },
    ]);
    expect(await sources.alerts!.alerts(never)).toMatchObject({ state: 'ok' });
    const [first, second] = server.asked as [Asked, Asked];
    const seconds = (text: unknown) => Date.parse(String(text).replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
    expect(seconds(first.headers['x-amz-date'])).toBe(NOW);
    expect(Math.abs(seconds(second.headers['x-amz-date']) - NOW - ahead)).toBeLessThan(2_000);
    for (const asked of [first, second]) {
      const { authorization, host } = asked.headers;
      const { headers } = aws4.sign(
        {
          host: host!, path: '/', method: 'POST', service: 'monitoring', region: 'eu-west-1', body: asked.body,
          headers: {
            'Content-Type': asked.headers['content-type']!,
            'X-Amz-Date': String(asked.headers['x-amz-date']),
            'x-amz-target': String(asked.headers['x-amz-target']),
          },
        },
        { accessKeyId: 'AKIAENV', secretAccessKey: 'secret', sessionToken: 'token-1' },
      );
      expect(authorization).toBe(headers?.Authorization);
      expect(asked.headers['x-amz-security-token']).toBe('token-1');
    }
  }); // prettier-ignore

  it('no region is an error of the settings', async () => {
    const spec = parseSource('--alerts', 'alerts', 'cloudwatch://');
    const env = await home({});
    await expect(openSources([spec], { clock: new FakeClock(), clusterGet: null, env }, never)).rejects.toThrow(
      /^CloudWatch cannot be asked: no region is named/,
    );
  });
});
