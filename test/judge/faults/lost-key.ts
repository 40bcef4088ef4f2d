import { stopsServingWhenRollingOut } from '../app-model.ts';
import type { Api, KubeObject } from '../api.ts';
import { collectionPath, objectPath } from '../api.ts';
import type { App, Member, Setting } from '../app-model.ts';
import type { Random } from '../random.ts';
import { keyOf } from '../snapshot.ts';
import { untilMountFails, untilWaiting } from './symptom.ts';
import type { FaultClass, FaultPlan } from './fault.ts';
import { nothing, pickMember, workloadKey, workloadPath } from './fault.ts';

/**
 * A workload refers to a key that its ConfigMap or Secret does not have: because a new revision of the workload names
 * another key, or because the key was renamed in the object and the pods were restarted since.
 */
export const lostKey: FaultClass = {
  name: 'lost-key',
  variants: ['wrong-reference-env', 'wrong-reference-file', 'renamed-env', 'renamed-file'],
  plan(app, variant, random) {
    const asFile = variant.endsWith('file');
    const inForm = (setting: Setting): boolean => (setting.file !== undefined) === asFile;
    const member = pickMember(
      app,
      random,
      'with such a setting whose rollouts interrupt service',
      (candidate) => stopsServingWhenRollingOut(candidate) && candidate.settings.some(inForm),
    );
    const setting = random.pick(member.settings.filter(inForm));
    return variant.startsWith('renamed')
      ? renameKey(app, member, setting, random)
      : refer(app, member, setting, random);
  },
};

function refer(app: App, member: Member, setting: Setting, random: Random): FaultPlan {
  const wrong = `${setting.key}${random.pick(['-v2', '.new', '_override', 's'])}`;
  return {
    description: `${member.kind} ${member.workload}: refers to key ${wrong} of ${setting.kind} ${setting.object} instead of ${setting.key}`,
    target: member.workload,
    mayChange: [workloadKey(app, member), keyOf(setting.kind, app.namespace, setting.object)],
    async inject(api) {
      const path = workloadPath(app, member);
      const { spec } = (await api.get(path)).spec.template;
      if (setting.env) {
        const variable = spec.containers[0].env.find(({ name }: { name: string }) => name === setting.env);
        (variable.valueFrom.configMapKeyRef ?? variable.valueFrom.secretKeyRef).key = wrong;
      } else {
        const volume = spec.volumes.find(({ name }: { name: string }) => name === setting.file?.volume);
        (volume.configMap ?? volume.secret).items[0].key = wrong;
      }
      await api.merge(path, { spec: { template: { spec: { containers: spec.containers, volumes: spec.volumes } } } });
    },
    untilVisible: (api) => untilKeyMissed(api, app, member, setting),
    provoke: (api) => deletePods(api, app, member),
    cleanUp: nothing,
  };
}

function renameKey(app: App, member: Member, setting: Setting, random: Random): FaultPlan {
  const renamed = respell(setting.key, random);
  return {
    description: `${setting.kind} ${setting.object}: key ${setting.key} renamed to ${renamed}, then ${member.workload} restarted`,
    target: member.workload,
    mayChange: [workloadKey(app, member), keyOf(setting.kind, app.namespace, setting.object)],
    async inject(api) {
      const path = objectPath(setting.kind, app.namespace, setting.object);
      const { data } = (await api.get(path)) as KubeObject & { data: Record<string, string> };
      await api.merge(path, { data: { [renamed]: data[setting.key], [setting.key]: null } });
      await restart(api, app, member);
    },
    untilVisible: (api) => untilKeyMissed(api, app, member, setting),
    provoke: (api) => deletePods(api, app, member),
    cleanUp: nothing,
  };
}

/** The same words spelled another way, as in a clean-up of naming conventions. */
function respell(key: string, random: Random): string {
  const words = key.split(/[-_.]/);
  const camel = words.map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
  const spellings = [words.join('-'), words.join('_'), words.join('.'), camel, words.join('_').toUpperCase()];
  return random.pick(spellings.filter((spelling) => spelling !== key));
}

/** As `kubectl rollout restart` does it. */
async function restart(api: Api, app: App, member: Member): Promise<void> {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString().replace(/\.\d+Z$/, 'Z') };
  await api.merge(workloadPath(app, member), { spec: { template: { metadata: { annotations } } } });
}

async function untilKeyMissed(api: Api, app: App, member: Member, setting: Setting): Promise<void> {
  if (setting.file) await untilMountFails(api, app, member);
  else await untilWaiting(api, app, member, ['CreateContainerConfigError']);
}

/** Its controller makes new ones, which must read their settings anew. */
async function deletePods(api: Api, app: App, member: Member): Promise<void> {
  const selector = encodeURIComponent(`${app.labelKey}=${member.workload}`);
  await api.remove(`${collectionPath('Pod', app.namespace)}?labelSelector=${selector}`);
}
