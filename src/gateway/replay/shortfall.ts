import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { InverseStep } from '../../undo/inverse.ts';
import { admissionOf } from '../inventory/pod-admission.ts';
import type { UndoAccess } from './undo-access.ts';

/** Admission sees namespaces, quotas and webhooks through caches: what was just restored counts a moment later. */
const ADMISSION_ROUNDS = 5;
const ROUND_MS = 500;

/**
 * Why pods of restored workloads do not come back, as far as the server says. Pods that only take long are no shortfall,
 * nor is a template that would not be admitted while all its pods are there.
 */
export async function shortfallOf(access: UndoAccess, plan: readonly InverseStep[]): Promise<string[]> {
  const found: string[] = [];
  for (const { ref, path } of plan) {
    for (let round = 1; ; round++) {
      const live = await access.get(path);
      const refusal = live && lacksPods(live) ? await refusalOf(access, live, ref.namespace) : null;
      if (!refusal) break;
      if (round === ADMISSION_ROUNDS) {
        found.push(`pods of ${refLabel(ref)} cannot be made again: ${refusal}`);
        break;
      }
      await access.clock.sleep(ROUND_MS, access.signal);
    }
  }
  return found;
}

function lacksPods({ spec, status }: KubeObject): boolean {
  if (spec?.template === undefined || spec.replicas === 0) return false;
  const wanted: unknown = spec.replicas ?? status?.desiredNumberScheduled;
  // Where the status does not count pods, they may be missing.
  const there: unknown =
    status?.replicas ?? (status?.desiredNumberScheduled === undefined ? 0 : status.currentNumberScheduled);
  return typeof wanted !== 'number' || typeof there !== 'number' || there < wanted;
}

async function refusalOf(
  access: UndoAccess,
  live: KubeObject,
  namespace: string | undefined,
): Promise<string | null | undefined> {
  const template = live.spec?.template as Pick<KubeObject, 'metadata' | 'spec'> | undefined;
  if (!template?.spec) return null;
  const metadata = { ...template.metadata, generateName: 'admission-', name: '', namespace };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec } as KubeObject;
  return admissionOf(pod, false, (at, body) => access.rehearse('POST', at, body));
}
