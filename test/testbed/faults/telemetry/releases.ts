import { SHOP_IMAGE_LATER } from '../../app/topology.ts';
import { measured, patchContainer } from './measured.ts';

/** Faults that came with a release: an image that starts, is Ready, and does its work badly. */
function release(name: string, target: string, summary: string, shows: string) {
  return measured({
    name,
    summary,
    needs: 'metrics',
    targets: [target],
    touches: (of) => [`deployment/${of}`],
    inject: (context) => patchContainer(context, { image: SHOP_IMAGE_LATER }),
    shows: ({ namespace }) => shows.replaceAll('NAMESPACE', namespace),
  });
}

export const slowDependency = release(
  'slow-dependency',
  'rate',
  'a new revision of a service that others wait for answers slowly',
  `histogram_quantile(0.5, sum by (le) (rate(
    http_request_duration_seconds_bucket{namespace="NAMESPACE", service="frontend", route="/hotels"}[30s]))) > 0.25`,
);

export const errorRatio = release(
  'error-ratio',
  'profile',
  'a new revision fails for a part of the requests',
  `sum(rate(http_requests_total{namespace="NAMESPACE", service="frontend", code=~"5.."}[30s]))
    / sum(rate(http_requests_total{namespace="NAMESPACE", service="frontend"}[30s])) > 0.1`,
);

export const memoryLeak = release(
  'memory-leak',
  'recommendation',
  'a new revision never gives back memory, until it is killed',
  `max(container_memory_working_set_bytes{namespace="NAMESPACE", container="recommendation"}
      / container_spec_memory_limit_bytes) > 0.6
    and max(deriv(container_memory_working_set_bytes{namespace="NAMESPACE", container="recommendation"}[45s])) > 50000
    or max(increase(container_oom_events_total{namespace="NAMESPACE", container="recommendation"}[2m])) > 0`,
);
