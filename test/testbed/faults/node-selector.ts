import { type Fault, isUnschedulable, untilPod } from './fault.ts';

export const nodeSelector: Fault = {
  name: 'node-selector',
  summary: 'a new revision of a workload asks for nodes that do not exist',
  needs: 'any',
  targets: ['geo', 'profile'],
  touches: (target) => [`deployment/${target}`],
  async inject({ kubectl, namespace, target, pick }) {
    const [key, value] = pick([
      ['disktype', 'nvme'],
      ['topology.kubernetes.io/zone', 'eu-west-3c'],
      ['node.kubernetes.io/instance-type', 'm5.metal'],
    ] as const);
    const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector: { [key]: value } } } } });
    await kubectl.run(['patch', 'deployment', target, '--namespace', namespace, '--patch', patch]);
  },
  untilVisible: (context) => untilPod(context, 'is unschedulable', isUnschedulable),
};
