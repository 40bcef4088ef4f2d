import { measured, patchContainer } from './measured.ts';

/**
 * Variables of a workload that were set to values that start well and work badly.
 * @param values of each variable, the usual one first; a seed draws another
 */
function setting(
  name: string,
  target: string,
  summary: string,
  values: Readonly<Record<string, readonly string[]>>,
  shows: string,
) {
  return measured({
    name,
    summary,
    needs: 'metrics',
    targets: [target],
    touches: (of) => [`deployment/${of}`],
    inject: (context) =>
      patchContainer(context, {
        env: Object.entries(values).map(([key, all]) => ({ name: key, value: context.pick(all) })),
      }),
    shows: ({ namespace }) => shows.replaceAll('NAMESPACE', namespace),
  });
}

export const retryStorm = setting(
  'retry-storm',
  'search',
  'a workload repeats calls that take a moment, and multiplies the load of what it calls',
  { UPSTREAM_ATTEMPTS: ['4', '5', '6'], UPSTREAM_RETRY_AFTER_MS: ['5', '3'] },
  `sum(rate(dependency_retries_total{namespace="NAMESPACE", service="search"}[30s]))
    / sum(rate(dependency_calls_total{namespace="NAMESPACE", service="search"}[30s])) > 0.5`,
);

export const saturatedPool = setting(
  'saturated-pool',
  'geo',
  'a workload has too few connections to its store, and requests wait for one',
  { REDIS_POOL_SIZE: ['1'] },
  `min_over_time(store_pool_in_use{namespace="NAMESPACE", service="geo"}[20s])
    >= store_pool_size{namespace="NAMESPACE", service="geo"}`,
);

export const wrongAnswer = setting(
  'wrong-answer',
  'geo',
  'a wrong unit in a setting: guests are answered with 200 and find nothing',
  { SEARCH_RADIUS_KM: ['0.01', '0.02', '0.05'] },
  `sum(rate(hotels_answered_total{namespace="NAMESPACE", route="/hotels"}[30s]))
    / sum(rate(http_requests_total{namespace="NAMESPACE", service="frontend", route="/hotels", code="200"}[30s])) < 0.5`,
);
