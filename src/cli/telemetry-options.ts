import type { AppConfig } from '../run/app-config.ts';
import type { SourceText } from '../run/telemetry/telemetry-config.ts';
import type { Options, ParsedCommand } from './command-line.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export const TELEMETRY_OPTIONS = {
  prometheus: { type: 'string' },
  alertmanager: { type: 'string', multiple: true },
  traces: { type: 'string' },
  logs: { type: 'string' },
  slo: { type: 'string', multiple: true },
  'kernel-metric': { type: 'string', multiple: true },
  'telemetry-cluster': { type: 'string' },
  'find-telemetry': { type: 'boolean' },
  'no-telemetry': { type: 'boolean' },
} as const satisfies Options;

const ROLES = [
  ['metrics', 'prometheus', 'STRATUS_PROMETHEUS'],
  ['alerts', 'alertmanager', 'STRATUS_ALERTMANAGER'],
  ['traces', 'traces', 'STRATUS_TRACES'],
  ['logs', 'logs', 'STRATUS_LOGS'],
] as const;

/**
 * Telemetry as the words of a command say, else as the environment does (docs/telemetry.md): `STRATUS_PROMETHEUS_URL` and what goes
 * with it (`_TOKEN`, `_TOKEN_FILE`, `_TENANT`, `_HEADERS`, `_CA`, `_PAGE`, `_CLUSTER`), likewise `STRATUS_ALERTMANAGER_…`, `STRATUS_TRACES_…` and
 * `STRATUS_LOGS_…`; `STRATUS_SLOS` with an objective a line, `STRATUS_KERNEL_METRICS` likewise; `STRATUS_FIND_TELEMETRY=1`,
 * `STRATUS_TELEMETRY_CLUSTER`. Several addresses are separated by spaces.
 */
export function telemetryConfig(parsed: ParsedCommand, environment: Environment): Pick<AppConfig, 'telemetry'> {
  if (parsed.flag('no-telemetry')) return {};
  const given = (name: string) => environment[name]?.trim() || undefined;
  const sources = ROLES.flatMap(([role, option, prefix]): SourceText[] => {
    const said =
      option === 'alertmanager' ? parsed.list(option) : [parsed.text(option)].filter((url) => url !== undefined);
    const named = said.length > 0 ? [] : (given(`${prefix}_URL`)?.split(/\s+/) ?? []);
    const lines = (text: string | undefined) => text?.split('\n').filter((line) => line.trim() !== '');
    const options = {
      token: given(`${prefix}_TOKEN`),
      tokenFile: given(`${prefix}_TOKEN_FILE`),
      tenant: given(`${prefix}_TENANT`),
      headers: lines(environment[`${prefix}_HEADERS`]),
      authorityFile: given(`${prefix}_CA`),
      page: given(`${prefix}_PAGE`),
      cluster: parsed.text('telemetry-cluster') === undefined ? given(`${prefix}_CLUSTER`) : undefined,
    };
    const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    return [
      ...said.map((url) => ({ what: `--${option}`, role, url, ...set })),
      ...named.map((url) => ({ what: `${prefix}_URL`, role, url, ...set })),
    ];
  });
  const texts = (option: 'slo' | 'kernel-metric', variable: string): string[] => {
    const said = parsed.list(option);
    const all =
      said.length > 0
        ? said
        : (given(variable)
            ?.split('\n')
            .map((line) => line.trim()) ?? []);
    return all.filter((line) => line !== '');
  };
  const kernelMetrics = texts('kernel-metric', 'STRATUS_KERNEL_METRICS');
  const find = parsed.flag('find-telemetry') || given('STRATUS_FIND_TELEMETRY') === '1';
  const objectives = texts('slo', 'STRATUS_SLOS');
  const cluster = parsed.text('telemetry-cluster') ?? given('STRATUS_TELEMETRY_CLUSTER');
  return {
    telemetry: {
      sources,
      objectives,
      find,
      ...(cluster === undefined ? {} : { cluster }),
      ...(kernelMetrics.length > 0 ? { kernelMetrics } : {}),
    },
  };
}
