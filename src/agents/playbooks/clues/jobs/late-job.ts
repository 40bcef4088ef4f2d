import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { controllerOf } from '../../../../kube/ownership.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { deleteNoWait } from '../../engine/changes.ts';
import { sufferingPods } from '../pods/late-dependency.ts';
import { isTiedTo } from './waiters.ts';

/**
 * Pods that were started while a Job with which they share what they use, or which they name, had not done its work, and that
 * still suffer from it: they wait longer and longer after each crash. They are made anew, once.
 */
export function lateJob(view: ClusterView, workload: KubeObject): { fixes: FixDraft[]; reasons: Evidence[] } {
  const since = sufferingPods(view, workload);
  const ended = (job: KubeObject) => Date.parse(job.status?.completionTime ?? '');
  const [job] = view
    .all('Job', workload.metadata.namespace)
    .filter((each) => !controllerOf(each) && since.some(({ at }) => at < ended(each)) && isTiedTo(view, workload, each))
    .sort((a, b) => ended(b) - ended(a));
  if (!job) return { fixes: [], reasons: [] };
  const late = since.filter(({ at }) => at < ended(job)).map(({ pod }) => pod);
  const { name } = job.metadata;
  const text = `Job ${name} came to its end at ${new Date(ended(job)).toISOString()}, later than ${late[0]!.metadata.name} was started`;
  return {
    fixes: [
      {
        changes: late.map(deleteNoWait),
        expects: `pods of ${workload.kind} ${workload.metadata.name} that started before Job ${name} had done its work start anew, and become ready`,
        confidence: 0.5,
      },
    ],
    reasons: [evidence('sibling', job, 'status.completionTime', text)],
  };
}
