import type { KubeObject } from '../../judge/api.ts';
import type { Random } from '../../judge/random.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Plan } from '../fault.ts';
import { addressesIn, containersOf, servingServices, workloadsIn } from './call-graph.ts';

/** What stands in a namespace, as its manifests say, and what is drawn from it. */
export interface Scene {
  objects: readonly KubeObject[];
  random: Random;
}

/** A break of one place, and objects that must be there before it for there to be such a place. */
export interface Break extends Pick<Plan, 'what' | 'inject' | 'causes' | 'mayChange' | 'mayCreate'> {
  companions?: KubeObject[];
  /** What is still wrong with the object at fault, beside users not being served; "" when nothing. */
  lack(cluster: Cluster): Promise<string>;
}

export interface ConfigFault {
  name: string;
  /** Null where the manifests have no place for it. */
  draw(scene: Scene): Break | null;
}

const missing = /not exist|missing|not found|no such|gone|does not|deleted|no Service/i;

/** A Service that somebody asks by an address in the environment, or any. */
function askedService({ objects, random }: Scene): { service: KubeObject; behind: KubeObject[] } | null {
  const serving = servingServices(objects);
  const asked = new Set(addressesIn(objects).map(({ service }) => service));
  const wanted = serving.filter(({ service }) => asked.has(service));
  const choice = wanted.length > 0 ? wanted : serving;
  return choice.length > 0 ? random.pick(choice) : null;
}

function deployment({ objects, random }: Scene): KubeObject | null {
  const all = workloadsIn(objects).filter(({ kind, spec }) => kind === 'Deployment' && (spec.replicas ?? 1) > 0);
  const served = new Set(servingServices(objects).flatMap(({ behind }) => behind));
  const choice = all.filter((one) => served.has(one));
  return choice.length > 0 ? random.pick(choice) : (all[0] ?? null);
}

/** The field of an object is again what the manifests say, or what the server made of that. */
function service(
  name: string,
  draw: (scene: Scene, service: KubeObject) => Omit<Break, 'what' | 'mayChange'> & { detail: string },
): ConfigFault {
  return {
    name,
    draw(scene) {
      const found = askedService(scene);
      if (!found) return null;
      const { detail, ...rest } = draw(scene, found.service);
      const { name: called } = found.service.metadata;
      return { ...rest, what: `Service ${called}: ${detail}`, mayChange: [keyOf(refOf(found.service))] };
    },
  };
}

const templateFault = (
  name: string,
  draw: (scene: Scene, workload: KubeObject) => Omit<Break, 'what' | 'mayChange'> & { detail: string; also?: string[] },
): ConfigFault => ({
  name,
  draw(scene) {
    const workload = deployment(scene);
    if (!workload) return null;
    const { detail, also = [], ...rest } = draw(scene, workload);
    return {
      ...rest,
      what: `Deployment ${workload.metadata.name}: ${detail}`,
      mayChange: [keyOf(refOf(workload)), ...also],
    };
  },
});

const fieldLack = async (
  cluster: Cluster,
  object: KubeObject,
  wrong: (now: KubeObject) => boolean,
): Promise<string> => {
  const now = await cluster.find(refOf(object));
  if (!now) return `${keyOf(refOf(object))} is gone`;
  return wrong(now) ? `${keyOf(refOf(object))} is as the fault left it` : '';
};

export const CONFIG_FAULTS: readonly ConfigFault[] = [
  service('service-deleted', (_, object) => ({
    detail: 'deleted',
    inject: (cluster) => cluster.remove(refOf(object)),
    lack: async (cluster) => {
      const now = await cluster.find(refOf(object));
      if (!now) return `Service ${object.metadata.name} does not exist`;
      const [has, had] = [now, object].map(({ spec }) => (spec.ports as { port: number }[]).map(({ port }) => port));
      return had!.every((port) => has!.includes(port)) ? '' : `it has ports ${has!.join()}, and had ${had!.join()}`;
    },
    causes: [{ names: [object.metadata.name], word: missing }],
  })),
  {
    name: 'env-port',
    draw({ objects, random }) {
      const found = addressesIn(objects);
      if (found.length === 0) return null;
      const { workload, container, variable, value, service: asked, port } = random.pick(found);
      const wrong = port + random.int(1, 9);
      const { name } = asked.metadata;
      return {
        what: `Deployment ${workload.metadata.name}: it asks ${name}:${wrong} instead of ${port}`,
        inject: (cluster) =>
          cluster.patch(refOf(workload), [
            {
              op: 'replace',
              path: `/spec/template/spec/containers/${container}/env/${variable}/value`,
              value: value.replace(`:${port}`, `:${wrong}`),
            },
          ]),
        lack: (cluster) =>
          fieldLack(cluster, workload, (now) => containersOf(now)[container].env[variable].value !== value),
        causes: [{ names: [workload.metadata.name, name, String(wrong)], word: /port/i }],
        mayChange: [keyOf(refOf(workload))],
      };
    },
  },
  service('target-port', ({ random }, object) => {
    const wrong = random.int(20_000, 30_000);
    return {
      detail: `targetPort ${wrong}`,
      inject: (cluster) =>
        cluster.patch(refOf(object), [{ op: 'add', path: '/spec/ports/0/targetPort', value: wrong }]),
      lack: (cluster) => fieldLack(cluster, object, ({ spec }) => spec.ports[0].targetPort === wrong),
      causes: [{ names: ['Service', object.metadata.name, String(wrong)], word: /port/i }],
    };
  }),
  service('selector', ({ random }, object) => {
    const [key, value] = random.pick(Object.entries(object.spec.selector as Record<string, string>));
    return {
      detail: `selector ${key}=${value}-v2`,
      inject: (cluster) =>
        cluster.edit(refOf(object), ({ spec }) => (spec.selector = { ...spec.selector, [key]: `${value}-v2` })),
      lack: (cluster) => fieldLack(cluster, object, ({ spec }) => spec.selector?.[key] === `${value}-v2`),
      causes: [{ names: ['Service', object.metadata.name], word: /selector|label/i }],
    };
  }),
  templateFault('scaled-to-zero', (_, workload) => ({
    detail: 'scaled to 0',
    inject: async (cluster) => {
      await cluster.kubectl(['scale', `deployment/${workload.metadata.name}`, '--replicas=0']);
    },
    lack: (cluster) => fieldLack(cluster, workload, ({ spec }) => spec.replicas === 0),
    causes: [{ names: [workload.metadata.name], word: /scaled|replicas|\b0\b|zero/i }],
  })),
  {
    name: 'deny-all-policy',
    draw({ objects, random }) {
      if (addressesIn(objects).length === 0) return null;
      const types = random.pick([['Ingress'], ['Ingress', 'Egress']]);
      const policy: KubeObject = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: random.pick(['default-deny', 'deny-all', 'lockdown']) },
        spec: { podSelector: {}, policyTypes: types },
      };
      const { name } = policy.metadata;
      return {
        what: `NetworkPolicy ${name}: nothing is let through (${types.join(', ')})`,
        inject: (cluster) => cluster.create([policy]),
        // Nobody enforces it here; whether a repair would let everything through is not worked out.
        lack: async () => 'policies are not enforced here',
        causes: [{ names: ['NetworkPolicy', name], word: /ingress|egress|deny|denies|block|cut|allow|let/i }],
        mayChange: [`NetworkPolicy/${name}`],
        mayCreate: ['NetworkPolicy'],
      };
    },
  },
  templateFault('node-selector', ({ random }, workload) => {
    const value = `pool-${random.token(4)}`;
    return {
      detail: `nodeSelector pool=${value}`,
      inject: (cluster) =>
        cluster.edit(refOf(workload), ({ spec }) => (spec.template.spec.nodeSelector = { pool: value })),
      lack: (cluster) => fieldLack(cluster, workload, ({ spec }) => spec.template.spec.nodeSelector?.pool === value),
      causes: [{ names: [workload.metadata.name], word: /node ?selector|label|node/i }],
    };
  }),
  templateFault('request-too-large', ({ random }, workload) => {
    const [resource, amount] = random.pick([
      ['cpu', '900'],
      ['memory', '9000Gi'],
    ]) as [string, string];
    const edit = (main: KubeObject['spec']) => {
      const { requests = {}, limits = {} } = main.resources ?? {};
      // A limit below its request is refused.
      const others = Object.fromEntries(Object.entries(limits as object).filter(([name]) => name !== resource));
      main.resources = { requests: { ...requests, [resource]: amount }, limits: others };
    };
    return {
      detail: `${resource} request ${amount}`,
      inject: (cluster) => cluster.edit(refOf(workload), (now) => edit(containersOf(now)[0])),
      lack: (cluster) =>
        fieldLack(cluster, workload, (now) => containersOf(now)[0].resources?.requests?.[resource] === amount),
      causes: [{ names: [workload.metadata.name], word: new RegExp(`${resource}|request`, 'i') }],
    };
  }),
  templateFault('missing-secret', ({ random }, workload) => {
    const name = `${workload.metadata.name}-${random.token(4)}`;
    const variable = { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name, key: 'token' } } };
    return {
      detail: `it takes API_TOKEN from Secret ${name}, which does not exist`,
      inject: (cluster) =>
        cluster.edit(refOf(workload), (now) => {
          const main = containersOf(now)[0];
          main.env = [...(main.env ?? []), variable];
        }),
      lack: async (cluster) => {
        if (await cluster.find({ kind: 'Secret', name })) return '';
        return fieldLack(cluster, workload, (now) => JSON.stringify(now.spec.template).includes(name));
      },
      causes: [{ names: ['Secret', name], word: missing }],
    };
  }),
  templateFault('claim-of-missing-class', ({ random }, workload) => {
    const storageClassName = `fast-${random.token(4)}`;
    const name = `${workload.metadata.name}-cache`;
    const claim: KubeObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Gi' } } },
    };
    return {
      detail: `it mounts claim ${name} of StorageClass ${storageClassName}, which does not exist`,
      also: [`PersistentVolumeClaim/${name}`],
      inject: async (cluster) => {
        await cluster.create([claim]);
        await cluster.edit(refOf(workload), (now) => {
          const { spec } = now.spec.template;
          spec.volumes = [...(spec.volumes ?? []), { name: 'cache', persistentVolumeClaim: { claimName: name } }];
          const main = containersOf(now)[0];
          main.volumeMounts = [...(main.volumeMounts ?? []), { name: 'cache', mountPath: '/var/cache/app' }];
        });
      },
      lack: async (cluster) => {
        const now = await cluster.find({ kind: 'PersistentVolumeClaim', name });
        if (now?.status?.phase === 'Bound') return '';
        return fieldLack(cluster, workload, ({ spec }) => JSON.stringify(spec.template).includes(name));
      },
      causes: [{ names: [storageClassName], word: /class/i }],
    };
  }),
  {
    name: 'autoscaler-target',
    draw(scene) {
      const workload = deployment(scene);
      if (!workload) return null;
      const { name } = workload.metadata;
      const scaler: KubeObject = {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
          minReplicas: 1,
          maxReplicas: 3,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
        },
      };
      const wrong = `${name}-${scene.random.pick(['v2', 'web', 'deployment'])}`;
      return {
        companions: [scaler],
        what: `HorizontalPodAutoscaler ${name}: its target is ${wrong}`,
        inject: (cluster) =>
          cluster.patch(refOf(scaler), [{ op: 'replace', path: '/spec/scaleTargetRef/name', value: wrong }]),
        lack: (cluster) => fieldLack(cluster, scaler, ({ spec }) => spec.scaleTargetRef.name !== name),
        causes: [{ names: ['HorizontalPodAutoscaler', name, wrong], word: /target/i }],
        mayChange: [keyOf(refOf(scaler))],
      };
    },
  },
  {
    name: 'ingress-leads-nowhere',
    draw(scene) {
      const found = askedService(scene);
      if (!found) return null;
      const { name } = found.service.metadata;
      const port = found.service.spec.ports[0].port as number;
      const backend = { service: { name, port: { number: port } } };
      const ingress: KubeObject = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: `${name}-public` },
        spec: { rules: [{ host: `${name}.example`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
      };
      const byName = scene.random.chance(0.5);
      const wrong = byName ? { name: `${name}-web`, port: { number: port } } : { name, port: { number: port + 7 } };
      const path = '/spec/rules/0/http/paths/0/backend/service';
      return {
        companions: [ingress],
        what: `Ingress ${name}-public: backend ${wrong.name}:${wrong.port.number}`,
        inject: (cluster) => cluster.patch(refOf(ingress), [{ op: 'replace', path, value: wrong }]),
        lack: (cluster) =>
          fieldLack(
            cluster,
            ingress,
            ({ spec }) => JSON.stringify(spec.rules[0].http.paths[0].backend) !== JSON.stringify(backend),
          ),
        causes: [{ names: ['Ingress', `${name}-public`], word: /service|backend|port/i }],
        mayChange: [keyOf(refOf(ingress))],
      };
    },
  },
];
