import { stopsServingWhenRollingOut } from '../app-model.ts';
import type { FaultClass } from './fault.ts';
import { untilPending } from './symptom.ts';
import { nothing, pickMember, workloadKey, workloadPath } from './fault.ts';

const SELECTORS: Record<string, [key: string, values: string[]]> = {
  'custom-label': ['hardware.example.org/disk', ['nvme', 'ssd', 'fast']],
  zone: ['topology.kubernetes.io/zone', ['eu-7b', 'us-west-9c', 'rack-12']],
  hostname: ['kubernetes.io/hostname', ['node-retired-7', 'ip-10-9-8-7', 'worker-99']],
  architecture: ['kubernetes.io/arch', ['s390x', 'ppc64le']],
};

/** A workload asks for nodes that do not exist. */
export const nowhereToRun: FaultClass = {
  name: 'nowhere-to-run',
  variants: Object.keys(SELECTORS),
  plan(app, variant, random) {
    const member = pickMember(app, random, 'whose rollouts interrupt service', stopsServingWhenRollingOut);
    const [key, values] = SELECTORS[variant] as [string, string[]];
    const value = random.pick(values);
    return {
      description: `${member.kind} ${member.workload}: nodeSelector ${key}=${value}`,
      target: member.workload,
      mayChange: [workloadKey(app, member)],
      async inject(api) {
        await api.merge(workloadPath(app, member), {
          spec: { template: { spec: { nodeSelector: { [key]: value } } } },
        });
      },
      untilVisible: (api) => untilPending(api, app, member),
      provoke: nothing,
      cleanUp: nothing,
    };
  },
};
