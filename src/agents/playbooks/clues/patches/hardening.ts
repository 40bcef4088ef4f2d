import { pointerKeys } from '../../../../json/stable-json.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import type { PodTemplate, Untyped } from '../../../../kube/pod-template.ts';

/** Fields of a securityContext, now and after: true where the change takes a restriction away. */
const LOOSER: Record<string, (now: unknown, after: unknown) => boolean> = {
  privileged: (now, after) => after === true && now !== true,
  allowPrivilegeEscalation: (now, after) => now === false && after !== false,
  readOnlyRootFilesystem: (now, after) => now === true && after !== true,
  runAsNonRoot: (now, after) => now === true && after !== true,
  runAsUser: (now, after) => (Number(now) > 0 && !(Number(after) > 0)) || (after === 0 && now !== 0),
  seccompProfile: (now, after) => now !== undefined && after === undefined,
  appArmorProfile: (now, after) => now !== undefined && after === undefined,
  capabilities: (now, after) =>
    dropped(now).some((one) => !dropped(after).includes(one)) || added(after).some((one) => !added(now).includes(one)),
};

export const LOOSENS =
  'an earlier state had less restrictions, and giving one up is for whoever answers for the security of the workload to decide';

const dropped = (capabilities: unknown) => listed((capabilities as Untyped)?.drop);
const added = (capabilities: unknown) => listed((capabilities as Untyped)?.add);
const listed = (list: unknown): unknown[] => (Array.isArray(list) ? list : []);

/**
 * False for a patch after which the template restricts its containers less than it does now. The gateway refuses such a
 * change; giving a restriction up is for a person to decide.
 */
export function keepsHardening({ pointer, spec }: PodTemplate, ops: readonly PatchOp[], after: Untyped): boolean {
  if (spec?.automountServiceAccountToken === false && after?.automountServiceAccountToken !== false) return false;
  if (spec?.hostUsers === false && after?.hostUsers !== false) return false;
  if (spec?.runtimeClassName && !after?.runtimeClassName) return false;
  const places = ops.flatMap(
    ({ path }) => /^(.*\/securityContext)(?:\/|$)/.exec(path.slice(pointer.length))?.[1] ?? [],
  );
  return [...new Set(places)].every((place) => {
    const [now, then] = [spec, after].map((podSpec) => valueAt(podSpec, place) ?? {});
    return Object.entries(LOOSER).every(([field, isLooser]) => !isLooser(now[field], then[field]));
  });
}

function valueAt(podSpec: Untyped, place: string): Untyped {
  return pointerKeys(place).reduce((at: Untyped, key) => at?.[key], podSpec);
}
