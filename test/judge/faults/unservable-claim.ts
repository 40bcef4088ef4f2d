import type { Api, KubeObject } from '../api.ts';
import { collectionPath, objectPath } from '../api.ts';
import type { App, Member } from '../app-model.ts';
import type { Random } from '../random.ts';
import { keyOf } from '../snapshot.ts';
import { untilObjects } from '../wait.ts';
import type { FaultClass, FaultPlan } from './fault.ts';
import { nothing, pickMember, workloadKey, workloadPath } from './fault.ts';
import { untilNoPods, untilPending } from './symptom.ts';

/** A claim was made anew with a StorageClass that nobody provides, so claim and pod stay Pending. */
export const unservableClaim: FaultClass = {
  name: 'unservable-claim',
  variants: ['unknown-class', 'unserved-provisioner'],
  plan(app, variant, random) {
    const member = pickMember(app, random, 'with a claim', ({ volume }) => volume !== undefined);
    const className = `${random.pick(['premium', 'fast', 'replicated', 'archive'])}-${random.token(4)}`;
    const storageClass = variant === 'unserved-provisioner' ? unserved(className, random) : undefined;
    return planFor(app, member, className, storageClass);
  },
};

function planFor(app: App, member: Member, className: string, storageClass: KubeObject | undefined): FaultPlan {
  const claim = member.volume?.claim ?? '';
  return {
    description: `claim ${claim} of ${member.kind} ${member.workload}: StorageClass ${className}${storageClass ? ` of provisioner ${storageClass.provisioner}` : ' does not exist'}`,
    target: member.workload,
    mayChange: [
      keyOf('PersistentVolumeClaim', app.namespace, claim),
      keyOf('StorageClass', '', className),
      workloadKey(app, member),
    ],
    async inject(api) {
      if (storageClass) {
        // A kept failure of the same seed may have left its class.
        await api.remove(objectPath('StorageClass', '', className));
        await api.create(collectionPath('StorageClass'), storageClass);
      }
      await api.merge(workloadPath(app, member), { spec: { replicas: 0 } });
      await untilNoPods(api, app, member);
      await recreateClaim(api, app.namespace, claim, className);
      await api.merge(workloadPath(app, member), { spec: { replicas: member.replicas } });
    },
    untilVisible: (api) => untilPending(api, app, member),
    provoke: nothing,
    cleanUp: storageClass ? (api) => api.remove(objectPath('StorageClass', '', className)) : nothing,
  };
}

async function recreateClaim(api: Api, namespace: string, name: string, storageClassName: string): Promise<void> {
  const path = objectPath('PersistentVolumeClaim', namespace, name);
  const { metadata, spec } = await api.get(path);
  await api.remove(path);
  const claims = collectionPath('PersistentVolumeClaim', namespace);
  await untilObjects(api, claims, 30_000, `claim ${name} gone`, (objects) =>
    objects.some((object) => object.metadata.name === name) ? 'it is still there' : '',
  );
  await api.create(claims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, labels: metadata.labels },
    spec: { accessModes: spec.accessModes, resources: spec.resources, storageClassName },
  });
}

function unserved(name: string, random: Random): KubeObject {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: random.pick(['ebs.csi.example.com', 'ceph.example.org/rbd', 'nas.example.net']),
    volumeBindingMode: random.pick(['Immediate', 'WaitForFirstConsumer']),
  };
}
