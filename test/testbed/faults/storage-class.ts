import type { KubeObject } from '../app/kubectl.ts';
import { TestbedError } from '../testbed-error.ts';
import { deploymentPath, type Fault, type FaultContext, isUnschedulable, untilNoPods, untilPod } from './fault.ts';

export const storageClass: Fault = {
  name: 'storage-class',
  summary: "a store's claim was made anew on a StorageClass that does not exist, and sits Pending with its workload",
  needs: 'any',
  targets: ['redis-rate', 'redis-geo', 'redis-profile'],
  touches: (target) => [`persistentvolumeclaim/${target}-data`, `deployment/${target}`],
  async inject(context) {
    const { kubectl, namespace, target, pick } = context;
    const claim = await claimOf(context);
    const scale = ['scale', `deployment/${target}`, '--namespace', namespace];
    const { spec } = await kubectl.get(deploymentPath(namespace, target));
    await kubectl.run([...scale, '--replicas=0']);
    await untilNoPods(context);
    await kubectl.run([
      'delete',
      'persistentvolumeclaim',
      claim.metadata.name,
      '--namespace',
      namespace,
      '--timeout=60s',
    ]);
    await kubectl.run(['create', '-f', '-'], JSON.stringify(withClass(claim, pick(['fast-ssd', 'premium', 'gp3']))));
    await kubectl.run([...scale, `--replicas=${spec.replicas}`]);
  },
  untilVisible: (context) => untilPod(context, 'waits for its claim', isUnschedulable),
};

async function claimOf({ kubectl, namespace, target }: FaultContext): Promise<KubeObject> {
  const { spec } = await kubectl.get(deploymentPath(namespace, target));
  const volumes = (spec.template.spec.volumes ?? []) as { persistentVolumeClaim?: { claimName: string } }[];
  const name = volumes.find((volume) => volume.persistentVolumeClaim)?.persistentVolumeClaim?.claimName;
  if (name !== `${target}-data`) throw new TestbedError(`${target} has no claim named ${target}-data`);
  return kubectl.get(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`);
}

function withClass({ metadata, spec }: KubeObject, storageClassName: string): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: metadata.name, namespace: metadata.namespace, labels: metadata.labels },
    spec: { accessModes: spec.accessModes, resources: spec.resources, storageClassName },
  };
}
