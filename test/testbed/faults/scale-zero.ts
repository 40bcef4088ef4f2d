import { type Fault, untilNoPods } from './fault.ts';

export const scaleZero: Fault = {
  name: 'scale-zero',
  summary: 'a workload is scaled to 0',
  needs: 'any',
  targets: ['search', 'rate', 'geo', 'profile'],
  touches: (target) => [`deployment/${target}`],
  async inject({ kubectl, namespace, target }) {
    await kubectl.run(['scale', `deployment/${target}`, '--namespace', namespace, '--replicas=0']);
  },
  untilVisible: untilNoPods,
};
