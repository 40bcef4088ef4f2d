import { DEFAULT_SIGNAL_SETTINGS } from '../../src/domain/signal-settings.ts';
import type { Answer, Sample, Series } from '../../src/domain/telemetry.ts';
import { ClusterView } from '../../src/kube/cluster-view.ts';
import type { Ask, Scene } from '../../src/signals/incident-types/incident-type.ts';
import type { MadeSeries } from './made-series.ts';
import { smallCluster } from './small-cluster.ts';

export const START = 1_900_000_000_000;
export const CART = { service_name: 'basket', k8s_namespace_name: 'shop' };

export function sceneAt(now: number, more: Partial<Scene> = {}): Scene {
  return {
    view: new ClusterView(smallCluster()),
    namespaces: ['shop'],
    now,
    settings: DEFAULT_SIGNAL_SETTINGS,
    usualUntil: null,
    marks: [],
    ...more,
  };
}

/** Answers to asks: samples by the beginning of a key, cut to the window that is asked for; nothing for the others. */
export function answersTo(
  asks: readonly Ask[],
  series: Readonly<Record<string, readonly { labels: Record<string, string>; samples: readonly Sample[] }[]>>,
): Map<string, Answer<Series[]>> {
  return new Map(
    asks.map(({ key, window }): [string, Answer<Series[]>] => {
      const value = (series[key] ?? []).flatMap(({ labels, samples }) => {
        const inside = samples.filter(({ at }) => at >= window.from && at <= window.to);
        return inside.length > 0 ? [{ labels, samples: inside }] : [];
      });
      return [key, { state: 'ok', value, asOf: window.to }];
    }),
  );
}

/** The same of one service under the first kind of request metrics. */
export function requestSeries({ p99, timed, answered, failed }: MadeSeries, labels: Record<string, string> = CART) {
  return {
    'requests/0/p99': [{ labels, samples: p99 }],
    'requests/0/timed': [{ labels, samples: timed }],
    'requests/0/answered': [{ labels, samples: answered }],
    'requests/0/failed': [{ labels, samples: failed }],
  };
}
