import type { PatchOp } from '../../../../domain/change.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ContainerSpec } from '../../../../kube/pod-template.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';

/** Everything at or below one of the fields of a container. */
export function within(container: ContainerSpec, ...fields: string[]): (pointer: string) => boolean {
  return below(...fields.map((field) => `${container.pointer}/${field}`));
}

export function below(...pointers: string[]): (pointer: string) => boolean {
  return (at) => pointers.some((pointer) => at === pointer || at.startsWith(`${pointer}/`));
}

/** Guards a patch of a container against another one having taken its place, and names its field. */
export function containerPatch(workload: KubeObject, container: ContainerSpec) {
  const root = `${podTemplateOf(workload)!.pointer}${container.pointer}`;
  const guard: PatchOp = { op: 'test', path: `${root}/name`, value: container.name };
  return { root, guard };
}

/** A field set to a value, guarded by what is there now. */
export function setField(
  root: string,
  holder: Record<string, unknown> | undefined,
  field: string,
  value: unknown,
): PatchOp[] {
  const path = `${root}/${field}`;
  const now = holder?.[field];
  if (now === undefined) return [{ op: 'add', path, value }];
  return [
    { op: 'test', path, value: now },
    { op: 'replace', path, value },
  ];
}

/** `/containers/0/livenessProbe/timeoutSeconds` as `livenessProbe.timeoutSeconds`. */
export function fieldsOf(pointers: string[]): string {
  const words = pointers.map(
    (pointer) =>
      pointer
        .split('/')
        .slice(1)
        .filter((step) => !/^(\d+|(init)?[cC]ontainers)$/.test(step))
        .join('.') || 'containers',
  );
  return [...new Set(words)].slice(0, 4).join(', ');
}
