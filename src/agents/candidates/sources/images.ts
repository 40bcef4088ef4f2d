import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { hasMutableTemplate, containersOf, podTemplateOf } from '../../../kube/pod-template.ts';
import {
  containerStatuses,
  fullName,
  hasStarted,
  PULL_FAILURES,
  specImage,
  splitImage,
} from '../../../kube/image-state.ts';
import { isLiving } from '../../../kube/pods.ts';
import { editDistance } from '../../../text/edit-distance.ts';
import { untrustedLine } from '../../../text/redact.ts';
import { containerPatch, setField } from '../../playbooks/clues/patches/container-patch.ts';
import { replaceStuckPods } from '../../playbooks/clues/pods/stuck-pods.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { setImage } from '../../playbooks/engine/changes.ts';
import { isPlainImage } from '../../playbooks/engine/kubectl-commands.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isPatchable, templateChanges } from '../scene/template-patch.ts';

/** Images offered per container. */
const MAX_IMAGES = 3;

/** Images that cannot be had, and images like them that run in the cluster. */
export function images({ view }: Scene): CauseDraft[] {
  const running = runningImages(view);
  return view
    .workloads()
    .filter((workload) => hasMutableTemplate(workload) && isPatchable(view, workload))
    .flatMap((workload) =>
      containersOf(podTemplateOf(workload)!.spec).flatMap((container): CauseDraft[] => {
        const failing = view
          .podsOf(workload)
          .filter(isLiving)
          .flatMap((pod) => {
            const status = containerStatuses(pod).find((each) => each?.name === container.name);
            const waits = PULL_FAILURES.has(status?.state?.waiting?.reason);
            return waits && specImage(pod, container.name) === container.image ? [{ pod, status }] : [];
          })[0];
        if (!failing) return [];
        const reason = failing.status.state.waiting;
        const text = `the image ${shown(container.image)} of container ${container.name} of ${nameOf(workload)} cannot be had: ${reason.reason}`;
        return [
          {
            object: workload,
            what: `${container.name} image`,
            text,
            evidence: [
              evidence(
                'status',
                failing.pod,
                `status.containerStatuses[${container.name}]`,
                untrustedLine(`${reason.reason}: ${reason.message ?? ''}`),
              ),
            ],
            score: 0.8,
            actions: [
              ...likeImages(container.image, running).map(([image, score]): ActionDraft => ({
                changes: [setImage(workload, { [container.name]: image }), ...replaceStuckPods(view, workload)],
                text: `set the image of container ${container.name} of ${nameOf(workload)}: ${shown(container.image)} → ${shown(image)}, which runs in the cluster`,
                origin: 'sibling',
                score,
                expects: `${nameOf(workload)} runs ${image}`,
              })),
              ...policyOf(view, workload, container, String(reason.reason)),
            ],
          },
        ];
      }),
    );
}

/** An image that is on the node need not be pulled, and one that is not must be. */
function policyOf(
  view: ClusterView,
  workload: KubeObject,
  container: ReturnType<typeof containersOf>[number],
  reason: string,
): ActionDraft[] {
  const now: unknown = container.spec?.imagePullPolicy;
  const value = reason === 'ErrImageNeverPull' ? 'IfNotPresent' : now === 'Always' ? 'IfNotPresent' : null;
  if (value === null) return [];
  const { root, guard } = containerPatch(workload, container);
  return [
    {
      changes: templateChanges(view, workload, [guard, ...setField(root, container.spec, 'imagePullPolicy', value)]),
      text: `set imagePullPolicy of container ${container.name} of ${nameOf(workload)}: ${shown(now)} → ${value}`,
      origin: 'generic',
      score: reason === 'ErrImageNeverPull' ? 0.75 : 0.4,
      expects: `${nameOf(workload)} starts with an image that a node has or can fetch`,
    },
  ];
}

function runningImages(view: ClusterView): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pod of view.all('Pod').filter(isLiving)) {
    for (const status of containerStatuses(pod)) {
      const image = specImage(pod, status?.name);
      if (image !== undefined && isPlainImage(image) && hasStarted(status))
        counts.set(image, (counts.get(image) ?? 0) + 1);
    }
  }
  return counts;
}

function likeImages(wanted: string, running: Map<string, number>): [string, number][] {
  const { repository, suffix } = splitImage(fullName(wanted));
  return [...running]
    .flatMap(([image, count]): [string, number, number][] => {
      const other = splitImage(fullName(image));
      if (image === wanted) return [];
      if (other.repository === repository) return [[image, 0.65, count]];
      const typo = editDistance(other.repository, repository, 3);
      return typo <= 2 ? [[image, (other.suffix === suffix ? 0.6 : 0.45) - 0.05 * typo, count]] : [];
    })
    .sort(([a, x, m], [b, y, n]) => y - x || n - m || (a < b ? -1 : 1))
    .slice(0, MAX_IMAGES)
    .map(([image, score], rank) => [image, score - rank * 0.05]);
}
