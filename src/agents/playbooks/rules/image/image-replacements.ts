import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { fullName, imageState, splitImage } from '../../../../kube/image-state.ts';
import { isPlainImage } from '../../engine/kubectl-commands.ts';
import { containersOf, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isMisspelling } from '../../clues/names/similar-names.ts';
import { isReady } from '../../../../kube/pods.ts';

export interface ImageReplacement {
  images: Map<string, string>;
  confidence: number;
}

/**
 * Images for the failing containers that do not come from a revision: from the configuration last applied, or a tag of the
 * same repository that runs in scope, or a running image of which the failing name is a misspelling.
 * @param mayBeThere the registry did not say that there is no such image: then only what was applied before is offered
 */
export function replacementImages(
  view: ClusterView,
  workload: KubeObject,
  failing: Map<string, string>,
  mayBeThere: boolean,
): ImageReplacement[] {
  const applied = fromLastApplied(view, workload, failing);
  const running = mayBeThere ? new Map<string, number>() : runningImages(view);
  const options = [...failing].map(([container, image]) => optionsFor(container, image, applied, running));
  if (options.some((list) => list.length === 0)) return [];
  const count = Math.max(...options.map((list) => list.length));
  return Array.from({ length: Math.min(count, 3) }, (_, rank) => {
    const chosen = options.map((list) => list[Math.min(rank, list.length - 1)]!);
    return {
      images: new Map(chosen.map(({ container, image }) => [container, image])),
      confidence: Math.min(...chosen.map(({ confidence }) => confidence)),
    };
  });
}

interface Option {
  container: string;
  image: string;
  confidence: number;
}

function optionsFor(
  container: string,
  failing: string,
  applied: Map<string, string>,
  running: Map<string, number>,
): Option[] {
  const options: Option[] = [];
  const former = applied.get(container);
  if (former) options.push({ container, image: former, confidence: 0.88 });
  const wanted = splitImage(failing);
  const tags = [...running]
    .filter(([image]) => splitImage(image).repository === wanted.repository)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  tags.forEach(([image], rank) =>
    options.push({ container, image, confidence: (tags.length === 1 ? 0.6 : 0.5) - rank * 0.05 }),
  );
  for (const [image] of [...running].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isMisspelt(failing, image)) continue;
    options.push({ container, image, confidence: splitImage(image).suffix === wanted.suffix ? 0.5 : 0.3 });
  }
  return options.sort((a, b) => b.confidence - a.confidence);
}

/**
 * Exactly one part of the path, the registry's host included, differs, and by a typing error: with a word more or less it
 * names another program (`payments`, `payments-ui`), and with all else another team's.
 */
function isMisspelt(failing: string, running: string): boolean {
  const [wanted, known] = [failing, running].map((image) => splitImage(fullName(image)).repository.split('/'));
  if (wanted!.length !== known!.length) return false;
  const different = wanted!.flatMap((part, index) => (part === known![index] ? [] : [[part, known![index]!] as const]));
  return different.length === 1 && different.every(([wrong, right]) => isMisspelling(wrong, right));
}

function fromLastApplied(view: ClusterView, workload: KubeObject, failing: Map<string, string>): Map<string, string> {
  const applied = lastApplied(workload);
  const template = applied ? podTemplateOf({ ...applied, kind: workload.kind, metadata: workload.metadata }) : null;
  const found = containersOf(template?.spec).filter(({ name, image }) => {
    const wrong = failing.get(name);
    return wrong !== undefined && image !== wrong && isPlainImage(image) && imageState(view, image) !== 'failing';
  });
  return new Map(found.map(({ name, image }) => [name, image]));
}

/** Images of ready pods in scope and how many containers use them. */
function runningImages(view: ClusterView): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pod of view.all('Pod').filter(isReady)) {
    for (const { image } of containersOf(pod.spec)) {
      if (isPlainImage(image)) counts.set(image, (counts.get(image) ?? 0) + 1);
    }
  }
  return counts;
}
