import type { Clock } from '../../domain/clock.ts';
import type { CloudWatchPlace } from '../settings/source-spec.ts';
import { SourceProblem } from '../wire/source-problem.ts';
import type { RunAws } from './aws-credentials.ts';
import { AwsCredentials } from './aws-credentials.ts';
import type { Environment } from './aws-profile.ts';
import { readProfile } from './aws-profile.ts';

export type AwsService = 'monitoring' | 'logs';

/** Where and as whom a service of AWS is asked. */
export interface AwsPlace {
  region: string;
  url: URL;
  /** Console of that region; null for something else that speaks its protocol. */
  console: string | null;
  credentials: AwsCredentials;
}

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const ENDPOINTS: Readonly<Record<AwsService, string>> = {
  monitoring: 'AWS_ENDPOINT_URL_CLOUDWATCH',
  logs: 'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
};

/**
 * Region, endpoint and credentials from the settings, else from where AWS's own tools take them
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html).
 * @throws SourceProblem where no region is named
 */
export async function awsPlace(
  service: AwsService,
  place: CloudWatchPlace,
  env: Environment,
  clock: Clock,
  runAws?: RunAws,
): Promise<AwsPlace> {
  const region = place.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || (await profileRegion(place, env)));
  if (!region || !REGION.test(region))
    throw new SourceProblem(
      'refused',
      'cannot be asked: no region is named: write cloudwatch://REGION or set AWS_REGION',
    );
  const endpoint = place.endpoint ?? (env[ENDPOINTS[service]] || env.AWS_ENDPOINT_URL);
  const china = region.startsWith('cn-');
  const url = URL.parse(endpoint || `https://${service}.${region}.amazonaws.com${china ? '.cn' : ''}`);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new SourceProblem('refused', 'cannot be asked: its endpoint is no http(s) address');
  const host = china ? 'console.amazonaws.cn' : `${region}.console.aws.amazon.com`;
  return {
    region,
    url,
    console: endpoint ? null : `https://${host}/cloudwatch/home?region=${region}`,
    credentials: new AwsCredentials(place.profile, env, clock, runAws),
  };
}

async function profileRegion({ profile }: CloudWatchPlace, env: Environment): Promise<string | undefined> {
  try {
    const name = profile ?? (env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || 'default');
    return (await readProfile(name, env))?.region;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceProblem('refused', `cannot be asked: the files of AWS cannot be read (${code})`, { cause: error });
  }
}
