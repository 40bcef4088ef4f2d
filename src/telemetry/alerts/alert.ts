import type { Alert } from '../../domain/telemetry.ts';
import { sha256 } from '../../text/sha256.ts';
import { boundedLabels, safeLink } from '../values/untrusted.ts';

/** Which Prometheus of several alike tells of an alert: the same alert comes with each of them. */
const OF_THE_TELLER: ReadonlySet<string> = new Set([
  'prometheus', 'prometheus_replica', '__replica__', 'thanos_ruler', 'thanos_ruler_replica',
]); // prettier-ignore

/** Alerts that always fire, so that their absence tells of a broken chain, or that only silence others. */
const WATCHDOGS: ReadonlySet<string> = new Set([
  'watchdog', 'deadmansswitch', 'deadmanswitch', 'deadmansnitch', 'alwaysfiring', 'infoinhibitor',
  'prometheusalertmanagere2edeadmansswitch',
]); // prettier-ignore

/** More are cut, and those of the scope may be among them: far more than ever fire at once. */
export const MOST_ALERTS = 20_000;

/** What a source says of one alert, not yet trusted. */
export interface ToldAlert {
  state: Alert['state'];
  labels: unknown;
  annotations: unknown;
  /** Milliseconds since the epoch, on our clock. */
  startsAt: number;
  link: unknown;
}

export function alertOf({ state, labels: told, annotations, startsAt, link }: ToldAlert): Alert {
  const labels = boundedLabels(told);
  const safe = safeLink(link);
  return {
    name: labels.alertname || '(without a name)',
    state,
    labels,
    annotations: boundedLabels(annotations),
    startsAt,
    fingerprint: fingerprintOf(labels),
    ...(safe === undefined ? {} : { link: safe }),
  };
}

function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  const own = Object.entries(labels).filter(([name]) => !OF_THE_TELLER.has(name));
  return sha256(JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)))).slice(0, 16);
}

export function isWatchdog({ labels }: Pick<Alert, 'labels'>): boolean {
  return WATCHDOGS.has((labels.alertname ?? '').toLowerCase()) || labels.severity === 'none';
}

/** One of each fingerprint: firing before pending, with the earliest start. In the order of their start. */
export function foldAlerts(alerts: readonly Alert[]): Alert[] {
  const folded = new Map<string, Alert>();
  for (const alert of alerts) {
    const known = folded.get(alert.fingerprint);
    if (!known) {
      folded.set(alert.fingerprint, alert);
      continue;
    }
    const first =
      (known.state === alert.state || known.state === 'firing') && (!known.hidden || alert.hidden) ? known : alert;
    folded.set(alert.fingerprint, { ...first, startsAt: Math.min(known.startsAt, alert.startsAt) });
  }
  return [...folded.values()].sort((a, b) => a.startsAt - b.startsAt);
}
