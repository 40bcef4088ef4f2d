import type { SourceText, TelemetryConfig } from '../../run/telemetry/telemetry-config.ts';
import type { SettingId, SettingTypes, TelemetrySource } from './contributions.ts';
import { Setting } from './contributions.ts';

type Read = <S extends SettingId>(id: S) => SettingTypes[S];

const ROLES = [
  [Setting.telemetryPrometheus, 'prometheus', 'metrics'],
  [Setting.telemetryAlertmanager, 'alertmanager', 'alerts'],
  [Setting.telemetryTraces, 'traces', 'traces'],
  [Setting.telemetryLogs, 'logs', 'logs'],
] as const satisfies readonly (readonly [SettingId, TelemetrySource, SourceText['role']])[];

/**
 * What the settings say of telemetry. Tokens are not in it: they are read when a source is first asked. What cannot be right
 * in a setting is told by name when a target is first read.
 * @param path makes a path of the settings one of this machine
 * @param clusters what a person accepted, by fingerprint of a target
 */
export function telemetryConfig(
  read: Read,
  path: (text: string) => string,
  clusters: NonNullable<TelemetryConfig['clusters']>,
): { telemetry: TelemetryConfig } {
  const tenant = textOf(read(Setting.telemetryTenant));
  const authorityFile = path(textOf(read(Setting.telemetryCertificateAuthority)));
  const pages = read(Setting.telemetryPages);
  const sources = ROLES.flatMap(([what, name, role]) =>
    textsOf(read(what)).map((url): SourceText => {
      const page = textOf((pages as Record<string, unknown> | null)?.[name]);
      // It has accounts of its own, and signs each question.
      const isAws = /^cloudwatch:/i.test(url);
      return {
        what,
        role,
        url,
        ...(tenant === '' || isAws ? {} : { tenant }),
        ...(authorityFile === '' || isAws ? {} : { authorityFile }),
        ...(page === '' || isAws ? {} : { page }),
      };
    }),
  );
  const counters = Object.entries(read(Setting.telemetryKernelMetrics) ?? {});
  const kernelMetrics = counters.flatMap(([event, names]) => textsOf(names).map((name) => `${event}=${name}`));
  const objectives = textsOf(read(Setting.telemetrySlos));
  const kernel = kernelMetrics.length > 0 ? { kernelMetrics } : {};
  const named = Object.entries(read(Setting.telemetryClusters) ?? {}).map(([context, text]) => [context, textOf(text)]);
  const clusterOf = Object.fromEntries(named.filter(([, text]) => text !== '')) as Record<string, string>;
  const own = Object.keys(clusterOf).length > 0 ? { clusterOf } : {};
  return { telemetry: { sources, objectives, find: false, clusters, ...own, ...kernel } };
}

/** Whether the settings name any source. */
export function namesTelemetry(read: Read): boolean {
  return ROLES.some(([what]) => textsOf(read(what)).length > 0);
}

/** An address as tokens are stored under it; null where it takes none, for only servers that are asked from here do. */
export function tokenAddress(text: string): string | null {
  const url = URL.parse(text.trim().replace(/^[a-z]+\+/i, ''));
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function textsOf(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.map(textOf).filter((text) => text !== '');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
