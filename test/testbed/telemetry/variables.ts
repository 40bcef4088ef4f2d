import type { Instance } from '../instance-record.ts';

/** Where the servers of telemetry of an instance are, by the variables that Stratus reads. */
export function telemetryVariables({ telemetry }: Instance): Record<string, string> {
  const all = {
    STRATUS_PROMETHEUS_URL: telemetry?.prometheus,
    STRATUS_ALERTMANAGER_URL: telemetry?.alertmanager,
    STRATUS_TRACES_URL: telemetry?.jaeger,
    STRATUS_LOGS_URL: telemetry?.logs,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
