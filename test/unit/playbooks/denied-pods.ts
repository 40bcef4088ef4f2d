import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { Loose, World, WorkloadOptions } from './builders.ts';

/** As the API server words it (ValidatingAdmissionPolicy plugin). */
export const denial = (text: string) =>
  `pods "x-" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners-all' denied request: ${text}`;

/** The policy of {@link denial}. */
export function policy(world: World, validations: Loose[], spec: Loose = {}): void {
  world.add(
    'ValidatingAdmissionPolicy',
    'admissionregistration.k8s.io/v1',
    'owners',
    { spec: { failurePolicy: 'Fail', validations, ...spec } },
    null,
  );
}

/** A workload none of whose pods is let in. */
export function refused(world: World, said: string, options: WorkloadOptions & { own?: Loose } = {}): KubeObject {
  const { own = {}, ...rest } = options;
  const workload = world.workload({ replicas: 2, pods: 'none', ...rest });
  Object.assign(workload.metadata, own);
  const maker = workload.kind === 'Deployment' ? world.revisionsOf(workload).at(-1)! : workload;
  world.event(maker, 'FailedCreate', `Error creating: ${said}`, { type: 'Warning' });
  return workload;
}
