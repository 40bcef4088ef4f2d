import type { Instance } from '../instance-record.ts';
import { TestbedError } from '../testbed-error.ts';
import { askPrometheus } from './ask-prometheus.ts';

/** Names of the alerts about a namespace that fire now, each once. */
export async function firingAlerts({ name, telemetry }: Instance, namespace: string): Promise<string[]> {
  if (!telemetry) throw new TestbedError(`instance ${name} has no telemetry`);
  const { alerts } = (await askPrometheus(telemetry.prometheus, 'alerts')) as {
    alerts: { state: string; labels: Record<string, string> }[];
  };
  const firing = alerts.filter(({ state, labels }) => state === 'firing' && labels.namespace === namespace);
  return [...new Set(firing.map(({ labels }) => labels.alertname ?? ''))].sort();
}
