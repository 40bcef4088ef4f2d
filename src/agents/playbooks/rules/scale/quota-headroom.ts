import type { Finding } from '../../../../domain/finding.ts';
import { quantity } from '../../../../kube/quantity.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const QUOTA_HEADROOM = 'quota-headroom';

/** Above this share the next rollout, which needs room for pods of both templates, may not fit. */
const NEARLY = 0.95;

/** Quotas that are nearly used up: nothing is wrong yet, and the next pod may be refused. */
export function analyzeQuotaHeadroom({ view }: AnalyzerContext): Finding[] {
  return view.all('ResourceQuota').flatMap((quota): Finding[] => {
    const hard = (quota.status?.hard ?? {}) as Record<string, unknown>;
    const used = (quota.status?.used ?? {}) as Record<string, unknown>;
    const tight = Object.keys(hard)
      .sort()
      .filter((resource) => {
        const [limit, now] = [quantity(hard[resource]), quantity(used[resource])];
        // A quota of 0 forbids a thing, and one of a single object is full by intent.
        return limit !== null && now !== null && limit > 1 && now / limit >= NEARLY;
      });
    if (tight.length === 0) return [];
    const words = tight
      .map((resource) => `${resource} ${String(used[resource])} of ${String(hard[resource])}`)
      .join(', ');
    return [
      makeFinding({
        rule: QUOTA_HEADROOM,
        severity: 'info',
        object: quota,
        what: tight.join(','),
        message: `ResourceQuota ${quota.metadata.name} is nearly used up: ${words}`,
        evidence: [evidence('status', quota, 'status.used', words)],
      }),
    ];
  });
}

export const quotaHeadroomRule: Analyzer = {
  rule: QUOTA_HEADROOM,
  layer: 'configuration',
  kinds: ['ResourceQuota'],
  explains: 'Pods that will be refused at the next rollout or scale, because a quota is nearly used up.',
  unfixed: 'how much a namespace may use is for whoever shares out the cluster to say',
  analyze: analyzeQuotaHeadroom,
};
