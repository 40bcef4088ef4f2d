import type { Evidence } from '../../../../domain/finding.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { containersOf } from '../../../../kube/pod-template.ts';
import { isReady } from '../../../../kube/pods.ts';
import { evidence } from '../../engine/analyzer.ts';

/** A user other than root as which a ready pod runs an image. */
export function imageUser(view: ClusterView, image: string): { uid: number; evidence: Evidence } | null {
  for (const pod of view.all('Pod').filter(isReady)) {
    for (const { name, spec } of containersOf(pod.spec).filter((each) => each.image === image && !each.init)) {
      const uid: unknown = spec?.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser;
      if (typeof uid !== 'number' || uid === 0) continue;
      const text = `container ${name} of Pod ${pod.metadata.name} runs the same image as user ${uid} and is ready`;
      return { uid, evidence: evidence('sibling', pod, 'spec.containers', text) };
    }
  }
  return null;
}
