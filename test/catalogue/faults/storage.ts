import type { KubeObject } from '../../judge/api.ts';
import { untilAsked } from '../../judge/wait.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault, Scene } from '../fault.ts';
import { revision } from './container.ts';

const REAL = { family: 'storage', needs: 'real', scope: 'namespace' } as const;
const WISH: Fault['wish'] = { kinds: ['Deployment'], interrupted: true };

export function claimOf(name: string, storageClassName?: string, volumeName?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '16Mi' } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...(volumeName ? { volumeName } : {}),
    },
  };
}

/** The target keeps its data on a claim, at /data. */
export function withData({ target, application }: Scene, claim: KubeObject): KubeObject {
  application.extras.push(claim);
  target.pod.volumes.push({ name: 'data', persistentVolumeClaim: { claimName: claim.metadata.name } });
  target.main.volumeMounts.push({ name: 'data', mountPath: '/data' });
  return claim;
}

/** A volume that an administrator made by hand, a folder of the node. */
function volumeOf(name: string, storageClassName: string): KubeObject {
  const expression = { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '32Mi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName,
      hostPath: { path: `/tmp/${name}`, type: 'DirectoryOrCreate' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
    },
  };
}

/** Deletes claim and pods, as a clean redeployment does, and makes the claim anew. */
async function redeploy(cluster: Cluster, { target }: Scene, claim: KubeObject): Promise<void> {
  await cluster.kubectl(['scale', keyOf(target.ref), '--replicas=0']);
  await noPods(cluster, target.labels);
  await cluster.remove(refOf(claim));
  await cluster.create([claim]);
  await cluster.kubectl(['scale', keyOf(target.ref), `--replicas=${target.replicas}`]);
}

async function noPods(cluster: Cluster, labels: Record<string, string>): Promise<void> {
  const selector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  await untilAsked(40_000, 'no pods', async () =>
    (await cluster.list('pods', '--selector', selector)).length === 0 ? '' : 'some are left',
  );
}

export const STORAGE_FAULTS: Fault[] = [
  {
    ...REAL,
    name: 'redeployed-without-volume',
    summary: 'everything was deployed anew; the volume still belongs to the claim that is gone',
    likeness: 'AIOpsLab redeploy_without_PV',
    wish: WISH,
    plan(scene) {
      const { application, target } = scene;
      const volume = volumeOf(`${application.namespace}-${target.name}`, 'by-hand');
      const claim = withData(scene, claimOf(`${target.name}-data`, 'by-hand', volume.metadata.name));
      return {
        what: `PersistentVolume ${volume.metadata.name} keeps the claimRef of a deleted claim`,
        prepare: (cluster) => cluster.create([volume]),
        inject: (cluster) => redeploy(cluster, scene, claim),
        heal: (cluster) => cluster.patch(refOf(volume), [{ op: 'remove', path: '/spec/claimRef' }]),
        causes: [
          { names: [volume.metadata.name], word: /claimRef|Released|another claim|deleted claim|former claim/i },
        ],
        mayChange: [keyOf(refOf(volume)), keyOf(refOf(claim)), keyOf(target.ref)],
        outside: [keyOf(refOf(volume))],
        cleanUp: (cluster) => cluster.remove(refOf(volume)),
      };
    },
  },
  {
    ...REAL,
    name: 'claim-of-missing-class',
    summary: 'a claim was made anew with a storage class that does not exist',
    likeness: 'ITBench 53',
    wish: WISH,
    plan(scene) {
      const { target, random } = scene;
      const claim = withData(scene, claimOf(`${target.name}-data`));
      const wrong = claimOf(claim.metadata.name, random.pick(['premium-ssd', 'gp3', 'fast-nvme']));
      return {
        what: `PersistentVolumeClaim ${claim.metadata.name}: class ${wrong.spec.storageClassName}`,
        inject: (cluster) => redeploy(cluster, scene, wrong),
        heal: (cluster) => redeploy(cluster, scene, claim),
        causes: [{ names: [claim.metadata.name, wrong.spec.storageClassName], word: /class/i }],
        mayChange: [keyOf(refOf(claim)), keyOf(target.ref)],
        mayCreate: ['PersistentVolumeClaim'],
      };
    },
  },
  {
    ...REAL,
    name: 'claim-name-wrong',
    summary: 'a new revision names a claim that does not exist',
    likeness: 'SREGym pvc_claim_mismatch',
    wish: WISH,
    plan(scene) {
      const { target } = scene;
      const claim = withData(scene, claimOf(`${target.name}-data`));
      const wrong = `${claim.metadata.name}-broken`;
      return {
        ...revision(scene, (_, { spec }) => {
          const volumes = spec.template.spec.volumes as {
            name: string;
            persistentVolumeClaim: { claimName: string };
          }[];
          volumes.find(({ name }) => name === 'data')!.persistentVolumeClaim.claimName = wrong;
        }),
        what: `${keyOf(target.ref)}: claim ${wrong}`,
        causes: [{ names: [target.name, wrong], word: /claim/i }],
      };
    },
  },
  {
    ...REAL,
    name: 'claim-deleted',
    summary: 'a new member asks for a claim that was never made; another of the same application has one alike',
    wish: WISH,
    plan(scene) {
      const { target } = scene;
      const claim = withData(scene, claimOf(`${target.name}-data`));
      return {
        what: `PersistentVolumeClaim ${claim.metadata.name} deleted`,
        async inject(cluster) {
          await cluster.kubectl(['scale', keyOf(target.ref), '--replicas=0']);
          await noPods(cluster, target.labels);
          await cluster.remove(refOf(claim));
          await cluster.kubectl(['scale', keyOf(target.ref), `--replicas=${target.replicas}`]);
        },
        heal: (cluster) => cluster.create([claim]),
        causes: [{ names: [target.name, claim.metadata.name], word: /claim/i }],
        mayChange: [keyOf(refOf(claim)), keyOf(target.ref)],
        mayCreate: ['PersistentVolumeClaim'],
      };
    },
  },
  {
    ...REAL,
    name: 'volume-too-small',
    summary: 'a claim was made anew and asks for more than its volume has',
    wish: WISH,
    plan(scene) {
      const { application, target } = scene;
      const volume = volumeOf(`${application.namespace}-${target.name}`, 'by-hand');
      const claim = withData(scene, claimOf(`${target.name}-data`, 'by-hand'));
      const larger = structuredClone(claim);
      larger.spec.resources.requests.storage = '64Gi';
      const free = (cluster: Cluster) => cluster.patch(refOf(volume), [{ op: 'remove', path: '/spec/claimRef' }]);
      return {
        what: `PersistentVolumeClaim ${claim.metadata.name} asks for 64Gi`,
        prepare: (cluster) => cluster.create([volume]),
        async inject(cluster) {
          await redeploy(cluster, scene, larger);
          await free(cluster);
        },
        async heal(cluster) {
          await redeploy(cluster, scene, claim);
        },
        causes: [{ names: [claim.metadata.name], word: /64Gi|size|capacity|storage|large/i }],
        mayChange: [keyOf(refOf(volume)), keyOf(refOf(claim)), keyOf(target.ref)],
        outside: [keyOf(refOf(volume))],
        cleanUp: (cluster) => cluster.remove(refOf(volume)),
      };
    },
  },
  {
    ...REAL,
    name: 'mount-hides-program',
    summary: 'a new revision mounts an empty volume over what the program reads',
    wish: { kinds: ['Deployment'], interrupted: true },
    plan(scene) {
      const { target, application } = scene;
      const name = `${target.name}-pages`;
      application.extras.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { greeting: 'hello' } });
      target.pod.volumes.push({ name: 'pages', configMap: { name } });
      target.main.volumeMounts.push({ name: 'pages', mountPath: '/etc/pages' });
      target.main.args[0] = `cat /etc/pages/greeting || exit 1\n${target.main.args[0]}`;
      return {
        ...revision(scene, (main, { spec }) => {
          spec.template.spec.volumes = (spec.template.spec.volumes as { name: string }[]).map((one) =>
            one.name === 'pages' ? { name: 'pages', emptyDir: {} } : one,
          );
          void main;
        }),
        what: `${keyOf(target.ref)}: volume pages is an empty folder`,
        causes: [{ names: [target.name], word: /volume|pages|mount|emptyDir/i }],
      };
    },
  },
];
