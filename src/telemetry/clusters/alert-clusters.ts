import type { Alert, MissingNames } from '../../domain/telemetry.ts';
import { counted, oneLine } from '../../text/plain-text.ts';
import { isWatchdog } from '../alerts/alert.ts';
import type { ClusterSetting } from '../settings/cluster-setting.ts';
import { valueOf } from './cluster-labels.ts';
import { labelsOf, textOf } from './cluster-reading.ts';

export interface SortedAlerts {
  /** Of the target's cluster, and those that name none. */
  ours: Alert[];
  /** That name one of several clusters, of which it is not known which is the target's. */
  doubtful: Alert[];
  /** That others' were left out; one sentence without a full stop. */
  note?: string;
  /** Why some are doubtful; likewise. */
  reason?: string;
}

/** Tells alerts of the target's cluster from those of others that the same server tells of. */
export interface AlertClusters {
  sort(alerts: readonly Alert[], signal: AbortSignal): Promise<SortedAlerts>;
}

/** For servers that tell of one cluster only. */
export const ONE_CLUSTER: AlertClusters = { sort: async (alerts) => ({ ours: [...alerts], doubtful: [] }) };

/** What of several clusters is not known, for answers. */
export function doubtsOf({ doubtful, reason }: SortedAlerts): Pick<MissingNames, 'doubtful'> {
  const alerts = doubtful.filter((alert) => !isWatchdog(alert));
  return reason === undefined ? {} : { doubtful: { alerts, reason } };
}

/** Values that are remembered of one label: whether there are several is all that counts. */
const MOST_VALUES = 50;
const NAMED = 5;

/**
 * By the labels that name clusters: as the settings say, else as metrics and the configuration of the cluster's own Prometheus
 * prove. An alert whose label has another value than ours is another cluster's. Where ours is not known, alerts of one value
 * alone are taken for ours, as long as no other was seen.
 */
export class LabelledClusters implements AlertClusters {
  readonly #setting: ClusterSetting | undefined;
  readonly #known: (signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;
  readonly #seen = new Map<string, Set<string>>();

  /** @param known value of the target's cluster by label, as far as it is proved by now */
  constructor(
    setting: ClusterSetting | undefined,
    known: (signal: AbortSignal) => Promise<ReadonlyMap<string, string>>,
  ) {
    this.#setting = setting;
    this.#known = known;
  }

  async sort(alerts: readonly Alert[], signal: AbortSignal): Promise<SortedAlerts> {
    const setting = this.#setting;
    if (setting?.all) return ONE_CLUSTER.sort(alerts, signal);
    const labels = labelsOf(setting);
    for (const alert of alerts) for (const label of labels) this.#see(label, valueOf(alert.labels, label));
    const known = setting?.value === undefined ? await this.#known(signal) : new Map([[setting.label, setting.value]]);
    const sorted = { ours: [] as Alert[], doubtful: [] as Alert[], others: 0 };
    for (const alert of alerts) {
      const named = labels.filter((label) => valueOf(alert.labels, label) !== '');
      const told = named.filter((label) => known.has(label));
      if (told.some((label) => known.get(label) !== valueOf(alert.labels, label)))
        sorted.others += isWatchdog(alert) ? 0 : 1;
      else if (told.length === 0 && named.some((label) => this.#seen.get(label)!.size > 1)) sorted.doubtful.push(alert);
      else sorted.ours.push(alert);
    }
    const { ours, doubtful, others } = sorted;
    const real = doubtful.filter((alert) => !isWatchdog(alert));
    return {
      ours,
      doubtful,
      ...(others > 0
        ? { note: `${counted(others, 'alert')} of other clusters left out (ours: ${textOf(known)})` }
        : {}),
      ...(real.length > 0
        ? {
            reason: `${counted(real.length, 'alert')} of several clusters (${this.#seenText(labels)}), of which it is not known which is this one: give --telemetry-cluster LABEL=VALUE`,
          }
        : {}),
    };
  }

  #see(label: string, value: string): void {
    if (value === '') return;
    let seen = this.#seen.get(label);
    if (!seen) this.#seen.set(label, (seen = new Set()));
    if (seen.size < MOST_VALUES) seen.add(value);
  }

  #seenText(labels: readonly string[]): string {
    return labels
      .flatMap((label) => {
        const values = [...(this.#seen.get(label) ?? [])].sort();
        if (values.length < 2) return [];
        const named = values.slice(0, NAMED).map((value) => oneLine(value, 60));
        return [`${label}: ${named.join(', ')}${values.length > NAMED ? ' and more' : ''}`];
      })
      .join('; ');
  }
}
