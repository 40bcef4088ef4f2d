import { entryOf } from '../app-model.ts';
import type { FaultClass } from './fault.ts';
import { untilNoPods } from './symptom.ts';
import { nothing, pickMember, workloadKey, workloadPath } from './fault.ts';

/** A member behind the entry is scaled to nothing. */
export const switchedOff: FaultClass = {
  name: 'switched-off',
  variants: ['several-replicas', 'any'],
  plan(app, variant, random) {
    const member = pickMember(
      app,
      random,
      'behind the entry of that size',
      (candidate) => candidate !== entryOf(app) && (variant === 'any' || candidate.replicas > 1),
    );
    return {
      description: `${member.kind} ${member.workload}: ${member.replicas} -> 0 replicas`,
      target: member.workload,
      mayChange: [workloadKey(app, member)],
      // Only a Deployment leaves events that tell its former size.
      formerSize: member.kind === 'Deployment' ? member.replicas : undefined,
      inject: async (api) => void (await api.merge(workloadPath(app, member), { spec: { replicas: 0 } })),
      untilVisible: (api) => untilNoPods(api, app, member),
      provoke: nothing,
      cleanUp: nothing,
    };
  },
};
