import * as z from 'zod/mini';
import type { Clock } from '../../domain/clock.ts';
import { StratusError } from '../../domain/stratus-error.ts';
import type { AlertSource, LogSource } from '../../domain/telemetry.ts';
import type { CloudWatchPlace } from '../settings/source-spec.ts';
import type { ClientLimits } from '../wire/source-client.ts';
import { SourceClient } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';
import { LabelledClusters } from '../clusters/alert-clusters.ts';
import { AwsCaller } from './aws-caller.ts';
import { AwsFetcher } from './aws-fetcher.ts';
import { awsPlace } from './aws-place.ts';
import type { Environment } from './aws-profile.ts';
import { CloudWatchAlarms } from './cloudwatch-alarms.ts';
import { CloudWatchLogs } from './cloudwatch-logs.ts';

/** One role of CloudWatch, opened. */
export interface OpenedCloudWatch {
  client: SourceClient;
  alerts: AlertSource | null;
  logs: LogSource | null;
  /** Asks for as little as can be, to know whether it answers. @throws SourceProblem */
  ping(signal: AbortSignal): Promise<void>;
}

/**
 * @param place with a log group: its logs, else alarms
 * @throws StratusError usage where no region is named or the files of AWS cannot be read
 */
export async function openCloudWatch(
  place: CloudWatchPlace,
  env: Environment,
  clock: Clock,
  limits?: Partial<ClientLimits>,
): Promise<OpenedCloudWatch> {
  const { logGroup } = place;
  const service = logGroup === undefined ? 'monitoring' : 'logs';
  let at;
  try {
    at = await awsPlace(service, place, env, clock);
  } catch (error) {
    if (error instanceof SourceProblem)
      throw new StratusError('usage', `CloudWatch ${error.message}`, { cause: error });
    throw error;
  }
  const fetcher: AwsFetcher = new AwsFetcher(service, at, () => client.toSource(clock.now()));
  const client: SourceClient = new SourceClient('CloudWatch', fetcher, clock, limits);
  const aws = new AwsCaller(client, service, at);
  // What proves series of Prometheus to be ours has other names than AWS.
  const clusters = new LabelledClusters(
    { all: false, label: 'cluster', ...(place.cluster === undefined ? {} : { value: place.cluster }) },
    async () => new Map(),
  );
  const ping = async (signal: AbortSignal) => {
    const [action, input] =
      logGroup === undefined
        ? (['DescribeAlarms', { MaxRecords: 1 }] as const)
        : (['FilterLogEvents', { logGroupName: logGroup, limit: 1, startTime: clock.now() - 60_000 }] as const);
    await aws.call(action, input, z.unknown(), signal);
  };
  return {
    client,
    alerts: logGroup === undefined ? new CloudWatchAlarms(aws, clusters) : null,
    logs: logGroup === undefined ? null : new CloudWatchLogs(aws, logGroup),
    ping,
  };
}
