import type { ServiceUrl } from '../../text/service-url.ts';
import type { ClusterSetting } from './cluster-setting.ts';
import type { Credential } from '../wire/credentials.ts';

/** What a source is asked for. */
export type SourceRole = 'metrics' | 'alerts' | 'traces' | 'logs';

/** Whose protocol it speaks. `prometheus`: also Mimir, Thanos, VictoriaMetrics. */
export type SourceKind = 'prometheus' | 'alertmanager' | 'jaeger' | 'tempo' | 'victorialogs' | 'loki' | 'cloudwatch';

/** What may answer in a role, in the order in which it is tried. */
export const KINDS: Readonly<Record<SourceRole, readonly SourceKind[]>> = {
  metrics: ['prometheus'],
  alerts: ['alertmanager', 'cloudwatch'],
  traces: ['jaeger', 'tempo'],
  logs: ['victorialogs', 'loki', 'cloudwatch'],
};

/** Where CloudWatch is asked. What is absent comes from where AWS's own tools take it. */
export interface CloudWatchPlace {
  region?: string;
  profile?: string;
  /** Log group of the cluster's containers; needed for logs. */
  logGroup?: string;
  /** http or https address of something else that speaks its protocol. */
  endpoint?: string;
  /** Dimension `ClusterName` of the target's alarms. */
  cluster?: string;
}

export type SourcePlace =
  /** http or https, without credentials, query and fragment; its path is the base path. */
  | { via: 'url'; url: string }
  /** Through the API server, as the cluster's user. */
  | { via: 'service'; service: ServiceUrl }
  | ({ via: 'aws' } & CloudWatchPlace);

/** One source as the settings name it. */
export interface SourceSpec {
  role: SourceRole;
  /** One where the settings say what it is, else all that may be: asking finds out. */
  kinds: readonly SourceKind[];
  place: SourcePlace;
  credential: Credential | null;
  /** Sent with each question, lower case: a tenant, keys of gateways. */
  headers: Readonly<Record<string, string>>;
  /** File (PEM) of the only authorities whose certificates are trusted; absent: the machine's. */
  authorityFile?: string;
  /** Where people look at the same, http or https without a slash at the end; absent: its own address. */
  page?: string;
  /** Of several clusters that it may have, the target's; absent: what it says itself decides. */
  cluster?: ClusterSetting;
}
