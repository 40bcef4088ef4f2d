import { expect, it } from 'vitest';
import { parseCommand } from '../../../src/cli/command-line.ts';
import { TELEMETRY_OPTIONS, telemetryConfig } from '../../../src/cli/telemetry-options.ts';
import { parseTelemetry } from '../../../src/run/telemetry/telemetry-config.ts';

const of = (args: string[], environment: Record<string, string> = {}) => {
  const parsed = parseCommand('telemetry', args, TELEMETRY_OPTIONS);
  return parseTelemetry(telemetryConfig(parsed, environment).telemetry!, 'f', 'prod');
};
const ALL = [
  '--prometheus',
  'http://127.0.0.1:1',
  '--alertmanager',
  'http://127.0.0.1:2',
  '--logs',
  'http://127.0.0.1:3',
];
const valuesOf = (args: string[], environment?: Record<string, string>) =>
  of(args, environment).specs.map(({ cluster }) => (cluster && !cluster.all ? cluster.value : cluster));

it('the cluster of servers of several is that of the words, else of the environment, of one source or of all', () => {
  expect(valuesOf(ALL)).toEqual([undefined, undefined, undefined]);
  expect(valuesOf([...ALL, '--telemetry-cluster', 'cluster=eu'])).toEqual(['eu', 'eu', 'eu']);
  const environment = { STRATUS_TELEMETRY_CLUSTER: 'cluster=eu', STRATUS_LOGS_CLUSTER: 'site=x' };
  expect(valuesOf(ALL, environment)).toEqual(['eu', 'eu', 'x']);
  expect(valuesOf([...ALL, '--telemetry-cluster', 'cluster=us'], environment)).toEqual(['us', 'us', 'us']);
  expect(valuesOf([...ALL, '--telemetry-cluster', '*'])).toEqual(Array(3).fill({ all: true }));
});

it('sources that are found are of it as well', () => {
  expect(of(['--find-telemetry', '--telemetry-cluster', 'cluster=eu'])).toMatchObject({
    specs: [],
    cluster: { label: 'cluster', value: 'eu' },
  });
  expect(() => of(['--telemetry-cluster', 'eu west'])).toThrow(/cluster "eu west": the cluster is written LABEL=VALUE/);
});
