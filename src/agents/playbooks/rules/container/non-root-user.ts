import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { ContainerSpec, Untyped } from '../../../../kube/pod-template.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { imageUser } from '../../clues/pods/image-user.ts';
import type { Fixes } from '../../clues/former/part-fixes.ts';
import { patchFix } from '../../clues/former/part-fixes.ts';
import { containerPatch, setField } from '../../clues/patches/container-patch.ts';

/** The user of images that are built to run without root (github.com/GoogleContainerTools/distroless). */
const NOBODY_ELSE = 65532;
/** Volumes that begin anew with each pod: no files of another user wait there, and none are left. */
const FLEETING = ['emptyDir', 'configMap', 'secret', 'projected', 'downwardAPI'];

/**
 * A user for a container that must not run as root and whose image names none: the one as which the same image is known
 * to run, else one without any right, where a readiness probe tells whether the program can do its work so.
 */
export function nonRootUser(view: ClusterView, workload: KubeObject, own: ContainerSpec, words: string): Fixes {
  const none: Fixes = { fixes: [], reasons: [] };
  const template = podTemplateOf(workload)!;
  const asked: unknown = own.spec?.securityContext?.runAsUser ?? template.spec?.securityContext?.runAsUser;
  if (asked !== undefined) return none;
  const known = imageUser(view, own.image);
  const mayTry = /will run as root/i.test(words) && own.spec?.readinessProbe && keepsNothing(template.spec, own);
  const uid = known?.uid ?? (mayTry ? NOBODY_ELSE : null);
  if (uid === null) return none;
  const { root, guard } = containerPatch(workload, own);
  const context = own.spec?.securityContext as Record<string, unknown> | undefined;
  const ops = setField(root, own.spec, 'securityContext', { ...context, runAsUser: uid });
  const expects = `container ${own.name} runs as user ${uid}, which is not root, and its pods become ready`;
  return {
    fixes: patchFix(view, workload, [guard, ...ops], expects, known ? 0.75 : 0.4),
    reasons: known ? [known.evidence] : [],
  };
}

function keepsNothing(podSpec: Untyped, own: ContainerSpec): boolean {
  const volumes: Untyped[] = Array.isArray(podSpec?.volumes) ? podSpec.volumes : [];
  const mounts: Untyped[] = Array.isArray(own.spec?.volumeMounts) ? own.spec.volumeMounts : [];
  return mounts.every((mount) => {
    const volume = volumes.find((each) => each?.name === mount?.name);
    return FLEETING.some((kind) => volume?.[kind]);
  });
}
