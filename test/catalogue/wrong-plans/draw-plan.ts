import type { KubeObject } from '../../judge/api.ts';
import type { Random } from '../../judge/random.ts';
import { container, IDLE } from '../application.ts';

/** A plan as an engineer would write it into a file, and the manifests beside it by file name. */
export interface WrongPlan {
  lines: string[];
  manifests: Record<string, string>;
}

interface Given {
  random: Random;
  /** What people wrote in the namespace, as it is now. */
  objects: readonly KubeObject[];
  /** Names of what suffers: engineers mostly try their hands there. */
  suspects: readonly string[];
  plan: WrongPlan;
}

type Draw = (given: Given) => string | undefined;

/** Draws one to three plans that nobody thought through: from harmless to destructive, some of them a remedy by luck. */
export function drawWrongPlans(
  random: Random,
  objects: readonly KubeObject[],
  suspects: readonly string[],
): WrongPlan[] {
  const subjects = objects.filter(
    ({ kind, metadata }) => !(kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt'),
  );
  return Array.from({ length: random.int(1, 3) }, () => {
    const plan: WrongPlan = { lines: [], manifests: {} };
    const wanted = random.pick([1, 1, 2]);
    for (const draw of [...random.shuffle(DRAWS), ...random.shuffle(DRAWS)]) {
      if (plan.lines.length === wanted) break;
      const line = draw({ random, objects: subjects, suspects, plan });
      if (line && !plan.lines.includes(`kubectl ${line}`)) plan.lines.push(`kubectl ${line}`);
    }
    return plan;
  });
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet'];

function pick(given: Given, kinds: readonly string[]): KubeObject | undefined {
  const all = given.objects.filter(({ kind = '' }) => kinds.includes(kind));
  const suspected = all.filter(({ metadata }) => given.suspects.includes(metadata.name));
  const from = suspected.length > 0 && given.random.chance(0.6) ? suspected : all;
  return from.length > 0 ? given.random.pick(from) : undefined;
}

const named = ({ kind = '', metadata }: KubeObject) => `${kind.toLowerCase()}/${metadata.name}`;
const quoted = (value: unknown) => `'${JSON.stringify(value).replaceAll("'", `'\\''`)}'`;

const on =
  (kinds: readonly string[], line: (object: KubeObject, given: Given) => string | undefined): Draw =>
  (given) => {
    const object = pick(given, kinds);
    return object && line(object, given);
  };

const patched = (object: KubeObject, operations: readonly object[]) =>
  `patch ${named(object)} --type=json -p ${quoted(operations)}`;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pod templates, read by path
const firstContainer = (object: KubeObject): any => object.spec.template.spec.containers[0];
const CONTAINER = '/spec/template/spec/containers/0';

const ofContainer = (field: string, value: (given: Given) => unknown): Draw =>
  on(WORKLOADS, (object, given) =>
    patched(object, [{ op: 'add', path: `${CONTAINER}/${field}`, value: value(given) }]),
  );

function manifest(given: Given, object: object): string {
  const name = `m${Object.keys(given.plan.manifests).length + 1}-${given.random.token(4)}.json`;
  given.plan.manifests[name] = JSON.stringify(object);
  return name;
}

const created = (make: (given: Given) => object | undefined): Draw => {
  return (given) => {
    const object = make(given);
    return object && `${given.random.pick(['create', 'apply'])} -f ${manifest(given, object)}`;
  };
};

const DRAWS: readonly Draw[] = [
  on(
    WORKLOADS,
    (object, { random }) =>
      `set image ${named(object)} ${firstContainer(object).name}=${firstContainer(object).image}-${random.token(3)}`,
  ),
  on(
    WORKLOADS,
    (object, { random }) =>
      `set image ${named(object)} ${firstContainer(object).name}=registry.invalid/${random.token(5)}:latest`,
  ),
  on(
    ['Deployment', 'StatefulSet'],
    (object, { random }) => `scale ${named(object)} --replicas=${random.pick([0, 1, 2, 3, 4])}`,
  ),
  on(WORKLOADS, (object, { random }) => `set env ${named(object)} ${random.token(6).toUpperCase()}=${random.token(4)}`),
  on(WORKLOADS, (object) => {
    const variable = (firstContainer(object).env as { name: string }[] | undefined)?.at(-1)?.name;
    return variable && `set env ${named(object)} ${variable}-`;
  }),
  on(
    WORKLOADS,
    (object, { random }) => `set resources ${named(object)} --requests=cpu=${random.pick(['3m', '40', '400'])}`,
  ),
  on(WORKLOADS, (object) => `set resources ${named(object)} --limits=memory=6Mi --requests=memory=4Mi`),
  on(WORKLOADS, (object) => `rollout restart ${named(object)}`),
  on(WORKLOADS, (object) => `rollout undo ${named(object)}`),
  on(['Deployment'], (object) => `rollout pause ${named(object)}`),
  on(WORKLOADS, (object, { random }) => `label ${named(object)} ${random.token(5)}=${random.token(4)}`),
  on(WORKLOADS, (object) => `delete ${named(object)}`),
  on(WORKLOADS, (object, { random }) =>
    patched(object, [{ op: 'add', path: '/spec/template/spec/nodeSelector', value: { zone: random.token(4) } }]),
  ),
  on(WORKLOADS, (object, { random }) =>
    patched(object, [
      { op: 'add', path: '/spec/template/spec/tolerations', value: [{ key: random.token(5), operator: 'Exists' }] },
    ]),
  ),
  on(WORKLOADS, (object, { random }) =>
    patched(object, [{ op: 'add', path: '/spec/template/spec/serviceAccountName', value: random.token(6) }]),
  ),
  ofContainer('readinessProbe', ({ random }) => ({
    httpGet: { path: `/${random.token(5)}`, port: random.int(1000, 9999) },
  })),
  ofContainer('livenessProbe', ({ random }) => ({
    tcpSocket: { port: random.int(1000, 9999) },
    periodSeconds: 2,
    failureThreshold: 2,
  })),
  ofContainer('args', () => ['echo stopped']),
  ofContainer('imagePullPolicy', () => 'Always'),
  ofContainer('securityContext', () => ({ runAsNonRoot: true })),
  on(['Service'], (object, { random }) =>
    patched(object, [{ op: 'replace', path: '/spec/ports/0/targetPort', value: random.int(1, 9999) }]),
  ),
  on(['Service'], (object, { random }) =>
    patched(object, [{ op: 'replace', path: '/spec/ports/0/port', value: random.int(1000, 9999) }]),
  ),
  on(['Service'], (object, { random }) => `set selector ${named(object)} app=${random.token(5)}`),
  on(['Service'], (object, { random }) => `annotate ${named(object)} note/${random.token(4)}=tried`),
  on(['Service'], (object) => `patch ${named(object)} --type=merge -p '{"spec":{"sessionAffinity":"ClientIP"}}'`),
  on(
    ['Service', 'ConfigMap', 'Secret', 'Ingress', 'NetworkPolicy', 'HorizontalPodAutoscaler', 'ServiceAccount'],
    (object) => (object.metadata.name === 'default' ? undefined : `delete ${named(object)}`),
  ),
  on(['ConfigMap'], (object, { random }) => {
    const [key] = Object.keys((object.data ?? {}) as object);
    const value = random.pick([null, random.token(6), '127.0.0.1:1']);
    return key && `patch ${named(object)} --type=merge -p ${quoted({ data: { [key]: value } })}`;
  }),
  on(['Secret'], (object, { random }) => {
    const [key] = Object.keys((object.data ?? {}) as object);
    const value = Buffer.from(random.token(8)).toString('base64');
    return key && `patch ${named(object)} --type=merge -p ${quoted({ data: { [key]: value } })}`;
  }),
  on(['Pod'], (object) => `delete ${named(object)}`),
  on(['Pod'], (object, { random }) => `label ${named(object)} ${random.token(5)}=tried`),
  on(['Deployment'], (object, { random }) => `autoscale ${named(object)} --min=${random.pick([1, 3])} --max=5`),
  ({ random }) => `create configmap ${random.token(7)} --from-literal=a=${random.token(5)}`,
  created(({ random }) => ({
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: random.token(6) } },
    spec: { podSelector: {}, policyTypes: random.pick([['Ingress'], ['Egress'], ['Ingress', 'Egress']]) },
  })),
  created(({ random }) => ({
    ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: random.token(6) } },
    spec: { hard: { pods: String(random.int(0, 2)) } },
  })),
  created(({ random }) => {
    const labels = { app: random.token(6) };
    return {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: labels.app } },
      spec: {
        ...{ replicas: 1, selector: { matchLabels: labels } },
        template: { metadata: { labels }, spec: { containers: [container('helper', IDLE)] } },
      },
    };
  }),
  created((given) => {
    const victim = pick(given, WORKLOADS);
    if (!victim) return undefined;
    // A pod that does not serve, among those that do.
    const { labels } = victim.spec.template.metadata;
    return {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: given.random.token(6), labels } },
      spec: { containers: [container('decoy', IDLE)], terminationGracePeriodSeconds: 1 },
    };
  }),
];
