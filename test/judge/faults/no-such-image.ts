import { stopsServingWhenRollingOut } from '../app-model.ts';
import type { App } from '../app-model.ts';
import type { Random } from '../random.ts';
import type { FaultClass } from './fault.ts';
import { untilWaiting } from './symptom.ts';
import { nothing, pickMember, workloadKey, workloadPath } from './fault.ts';

/** A new revision names an image that cannot be pulled. */
export const noSuchImage: FaultClass = {
  name: 'no-such-image',
  variants: ['tag', 'repository'],
  plan(app, variant, random) {
    const member = pickMember(app, random, 'whose rollouts interrupt service', stopsServingWhenRollingOut);
    const image = wrongImage(app, variant, random);
    return {
      description: `${member.kind} ${member.workload}: image ${image}`,
      target: member.workload,
      mayChange: [workloadKey(app, member)],
      async inject(api) {
        const path = workloadPath(app, member);
        const [container] = (await api.get(path)).spec.template.spec.containers;
        await api.merge(path, { spec: { template: { spec: { containers: [{ ...container, image }] } } } });
      },
      untilVisible: (api) => untilWaiting(api, app, member, ['ErrImagePull', 'ImagePullBackOff']),
      provoke: nothing,
      cleanUp: nothing,
    };
  },
};

function wrongImage(app: App, variant: string, random: Random): string {
  const colon = app.image.lastIndexOf(':');
  const [repository, tag] = [app.image.slice(0, colon), app.image.slice(colon + 1)];
  if (variant === 'tag') return `${repository}:${random.pick([`${tag}-rc1`, `${tag}.1`, 'stable', random.token(7)])}`;
  return `${repository}${random.pick(['-next', 's', `-${random.token(3)}`])}:${tag}`;
}
