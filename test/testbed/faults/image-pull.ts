import { deploymentPath, type Fault, untilPod, waitingReason } from './fault.ts';

export const imagePull: Fault = {
  name: 'image-pull',
  summary: 'a new revision of a workload names an image that does not exist',
  needs: 'real',
  targets: ['profile', 'geo'],
  touches: (target) => [`deployment/${target}`],
  async inject({ kubectl, namespace, target, pick }) {
    const { spec } = await kubectl.get(deploymentPath(namespace, target));
    const [container] = spec.template.spec.containers as { name: string; image: string }[];
    const repository = container?.image.replace(/:[^:/]*$/, '');
    const image = `${repository}:${pick(['1.5.0-rc2', '1.4.1', '2.0.0'])}`;
    const args = ['set', 'image', `deployment/${target}`, `${container?.name}=${image}`];
    await kubectl.run([...args, '--namespace', namespace]);
  },
  untilVisible: (context) =>
    untilPod(context, 'fails to pull its image', (pod) => /^(ErrImagePull|ImagePullBackOff)$/.test(waitingReason(pod))),
};
