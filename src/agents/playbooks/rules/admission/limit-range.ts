import type { Finding } from '../../../../domain/finding.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { completedResources, rangeItems } from '../../../../kube/pod-resources.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { rangeProblems, resourceProblem, resourceRules } from '../../../../kube/resource-rules.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { AdjustedAmount } from './amounts-in-range.ts';
import { amountsInRange } from './amounts-in-range.ts';
import { cannotMakePods, immutableReason, missingPods, refusalEvidence, refusedBy, severityOf } from './refused.ts';
import type { Refused } from './refused.ts';
import { formerResourceFixes, resourceFix, withResources } from './resource-change.ts';

const LIMIT_RANGE = 'limit-range-forbids';

/** Pods whose requests and limits, completed by the defaults of limit ranges, these or the server forbid. */
export function analyzeLimitRanges({ view }: AnalyzerContext): Finding[] {
  return refusedBy(view, 'range').map((refused) => findingFor(view, refused));
}

function findingFor(view: ClusterView, refused: Refused): Finding {
  const { workload, message } = refused;
  const rules = resourceRules(view, workload.metadata.namespace);
  const template = podTemplateOf(workload)!;
  const complete = completedResources(template.spec, rules.ranges);
  const missing = Math.max(1, missingPods(view, workload));
  const mutable = hasMutableTemplate(workload);
  const former = formerResourceFixes(view, workload, rules, missing);
  const adjusted = mutable
    ? amountsInRange(template.spec, rules).filter(
        ({ changes }) => resourceProblem(withResources(template.spec, changes), rules, missing) === null,
      )
    : [];
  const [problem] = [...adjusted.map(({ why }) => why), ...rangeProblems(complete, rules.ranges)];
  return makeFinding({
    rule: LIMIT_RANGE,
    severity: severityOf(view, workload),
    object: workload,
    what: 'resources',
    message: `${cannotMakePods(view, workload)}: ${problem ?? untrustedLine(message)}`,
    evidence: [
      refusalEvidence(refused),
      ...complete.map(({ container }) => {
        const own = stableJson(container.spec?.resources ?? {});
        return evidence(
          'spec',
          workload,
          `${template.field}.${container.place}.resources`,
          `container ${container.name}: ${own}`,
        );
      }),
      ...rules.ranges
        .filter((range) => rangeItems([range], 'Container').length + rangeItems([range], 'Pod').length > 0)
        .map((range) =>
          evidence(
            'sibling',
            range,
            'spec.limits',
            `LimitRange ${range.metadata.name}: ${stableJson(range.spec?.limits)}`,
          ),
        ),
      ...adjusted.flatMap(({ changes }) => changes.map(({ how }) => evidence('spec', workload, null, how))),
      ...former.parts.map((part) => part.evidence),
    ],
    fixes: [
      ...(mutable ? former.fixes : []),
      ...adjusted.map(({ changes, confidence, needsPerson }: AdjustedAmount) => ({
        ...resourceFix(view, workload, changes, confidence),
        ...(needsPerson ? { needsPerson } : {}),
      })),
    ],
    unfixed:
      immutableReason(workload) ??
      'no requests and limits of its containers are known that fit both the limit range and the workload: its owner and whoever set the range decide',
  });
}

export const limitRangeRule: Analyzer = {
  rule: LIMIT_RANGE,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'Event', 'LimitRange', 'ResourceQuota'],
  explains: 'Pods whose requests and limits, with the defaults that a limit range adds, break the range or each other.',
  unfixed: 'which requests and limits the workload can live with is known to its owner',
  analyze: analyzeLimitRanges,
};
