import { addressOf } from '../application.ts';
import { keyOf } from '../cluster.ts';
import type { Fault } from '../fault.ts';
import { edited } from '../fault.ts';
import type { KubeObject } from '../../judge/api.ts';

const service = (name: string) => `Service/${name}`;

function wrongTargetPort(number: 1 | 2 | 3, wrongOf: (port: number) => number): Fault {
  return {
    name: `target-port-${number}`,
    family: 'network',
    summary: 'the Service leads to a port on which its pods do not listen',
    likeness: `AIOpsLab k8s_target_port-misconfig ${number}`,
    needs: 'real',
    scope: 'namespace',
    wish: { called: number !== 2 },
    plan(scene) {
      const { target } = scene;
      const wrong = wrongOf(target.port);
      const edit = edited(scene, target.service, (object) => (object.spec.ports[0].targetPort = wrong));
      return {
        ...edit,
        what: `Service ${target.name}: targetPort ${wrong}`,
        causes: [{ names: ['Service', target.name, String(wrong)], word: /port/i }],
        mayChange: [service(target.name)],
      };
    },
  };
}

export const NETWORK_FAULTS: Fault[] = [
  wrongTargetPort(1, () => 9999),
  wrongTargetPort(2, (port) => port + 1),
  wrongTargetPort(3, (port) => 20_000 + (port % 1000)),
  {
    name: 'selector-extra-key',
    family: 'network',
    summary: 'the Service asks for a label that no pod has',
    likeness: 'SREGym wrong_service_selector; ITBench 36',
    needs: 'any',
    scope: 'namespace',
    wish: { called: true },
    plan(scene) {
      const { target, random } = scene;
      const [key, value] = random.pick([
        ['track', 'stable'],
        ['version', 'v2'],
        ['release', 'blue'],
      ]) as [string, string];
      return {
        ...edited(
          scene,
          target.service,
          (object) => (object.spec.selector = { ...object.spec.selector, [key]: value }),
        ),
        what: `Service ${target.name}: selector ${key}=${value} added`,
        causes: [{ names: ['Service', target.name], word: /selector|label/i }],
        mayChange: [service(target.name)],
      };
    },
  },
  {
    name: 'selector-other-value',
    family: 'network',
    summary: 'the Service selects pods of a name that was changed',
    needs: 'any',
    scope: 'namespace',
    wish: {},
    plan(scene) {
      const { target } = scene;
      const [key, value] = Object.entries(target.labels)[0]!;
      return {
        ...edited(scene, target.service, (object) => (object.spec.selector = { [key]: `${value}-v2` })),
        what: `Service ${target.name}: selector ${key}=${value}-v2`,
        causes: [{ names: ['Service', target.name], word: /selector|label/i }],
        mayChange: [service(target.name)],
      };
    },
  },
  {
    name: 'service-deleted',
    family: 'network',
    summary: 'the Service of a member was deleted; its callers still ask for it',
    likeness: 'SREGym missing_service; ITBench 114',
    needs: 'real',
    scope: 'namespace',
    wish: { called: true },
    plan({ target }) {
      let before: KubeObject | undefined;
      return {
        what: `Service ${target.name} deleted`,
        async inject(cluster) {
          before = await cluster.get({ kind: 'Service', name: target.name });
          await cluster.remove({ kind: 'Service', name: target.name });
        },
        heal: (cluster) => cluster.create([target.service]),
        causes: [
          { names: [target.name], word: /Service.*(missing|not exist|no such|deleted|gone|does not)|no Service/is },
        ],
        mayChange: [service(target.name)],
        ...(before ? {} : {}),
      };
    },
  },
  {
    name: 'service-port-changed',
    family: 'network',
    summary: 'the Service listens on another port than its callers ask',
    needs: 'real',
    scope: 'namespace',
    wish: { called: true },
    plan(scene) {
      const { target, application } = scene;
      const port = target.service.spec.ports[0].port + 11;
      const caller = application.members.find(({ calls }) => calls.includes(target))!;
      return {
        ...edited(scene, target.service, (object) => (object.spec.ports[0].port = port)),
        what: `Service ${target.name}: port ${port}; ${caller.name} asks ${addressOf(target)}`,
        causes: [{ names: [target.name], word: /\bport\b/i }],
        mayChange: [
          service(target.name),
          keyOf(caller.ref),
          ...(caller.config ? [`ConfigMap/${caller.config.metadata.name}`] : []),
        ],
      };
    },
  },
  {
    name: 'ingress-backend-name',
    family: 'network',
    summary: 'the Ingress names a Service that does not exist',
    likeness: 'SREGym ingress_misroute',
    needs: 'any',
    scope: 'namespace',
    wish: {},
    plan(scene) {
      const { application, target, random } = scene;
      const ingress = ingressTo(target.service, `${target.name}.${random.token(4)}.example`);
      application.extras.push(ingress);
      const wrong = `${target.name}-frontend`;
      return {
        ...edited(scene, ingress, (object) => (object.spec.rules[0].http.paths[0].backend.service.name = wrong)),
        what: `Ingress ${ingress.metadata.name}: backend ${wrong}`,
        healthy: async (cluster) =>
          lackOfIngress(
            await cluster.get({ kind: 'Ingress', name: ingress.metadata.name }),
            await cluster.list('services'),
          ),
        causes: [{ names: ['Ingress', ingress.metadata.name, wrong], word: /Service|backend/i }],
        mayChange: [`Ingress/${ingress.metadata.name}`],
      };
    },
  },
  {
    name: 'ingress-backend-port',
    family: 'network',
    summary: 'the Ingress names a port that its Service has no longer',
    needs: 'any',
    scope: 'namespace',
    wish: {},
    plan(scene) {
      const { application, target, random } = scene;
      const ingress = ingressTo(target.service, `${target.name}.${random.token(4)}.example`, true);
      application.extras.push(ingress);
      const renamed = 'public';
      return {
        ...edited(scene, target.service, (object) => (object.spec.ports[0].name = renamed)),
        what: `Service ${target.name}: port renamed to ${renamed}`,
        healthy: async (cluster) =>
          lackOfIngress(
            await cluster.get({ kind: 'Ingress', name: ingress.metadata.name }),
            await cluster.list('services'),
          ),
        causes: [{ names: ['Ingress', ingress.metadata.name], word: /port/i }],
        mayChange: [`Ingress/${ingress.metadata.name}`, service(target.name)],
      };
    },
  },
  {
    name: 'deny-all-policy',
    family: 'network',
    summary: 'a NetworkPolicy forbids all traffic to a member that others need',
    likeness: 'ITBench 31; SREGym network_policy_block',
    needs: 'any',
    scope: 'namespace',
    wish: { called: true },
    plan(scene) {
      const { application, target } = scene;
      const [labels, caller] = [target.labels, application.members.find(({ calls }) => calls.includes(target))!];
      const policy: KubeObject = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: `${target.name}-ingress` },
        spec: {
          podSelector: { matchLabels: labels },
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ podSelector: { matchLabels: caller.labels } }] }],
        },
      };
      application.extras.push(policy);
      return {
        ...edited(scene, policy, (object) => (object.spec.ingress = []), 'edit'),
        what: `NetworkPolicy ${policy.metadata.name}: no peer allowed any more`,
        // The testbed's network knows no policies: what they would let through is worked out here.
        healthy: async (cluster) => {
          const found = await cluster.find({ kind: 'NetworkPolicy', name: policy.metadata.name });
          if (!found) return `NetworkPolicy ${policy.metadata.name} is gone`;
          return admits(found, caller.labels) ? '' : `${caller.name} may not reach ${target.name}`;
        },
        causes: [{ names: ['NetworkPolicy', policy.metadata.name], word: /ingress|deny|denies|block|cut|allow/i }],
        mayChange: [`NetworkPolicy/${policy.metadata.name}`],
      };
    },
  },
];

function ingressTo(of: KubeObject, host: string, byName = false): KubeObject {
  const [{ name, port }] = of.spec.ports;
  const backend = { service: { name: of.metadata.name, port: byName ? { name } : { number: port } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: `${of.metadata.name}-public` },
    spec: { rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
  };
}

/** There is no ingress controller here: what it would look up is looked up. */
function lackOfIngress(ingress: KubeObject, services: readonly KubeObject[]): string {
  const { service: backend } = ingress.spec.rules[0].http.paths[0].backend;
  const found = services.find(({ metadata }) => metadata.name === backend.name);
  if (!found) return `the Ingress leads to ${backend.name}, which does not exist`;
  const ports = found.spec.ports as { name?: string; port: number }[];
  const fits = ports.some(({ name, port }) =>
    backend.port.name ? name === backend.port.name : port === backend.port.number,
  );
  return fits ? '' : `Service ${backend.name} has no port ${JSON.stringify(backend.port)}`;
}

function admits({ spec }: KubeObject, labels: Record<string, string>): boolean {
  const rules = (spec.ingress ?? []) as { from?: { podSelector?: { matchLabels?: Record<string, string> } }[] }[];
  const suits = (wanted: Record<string, string> = {}) =>
    Object.entries(wanted).every(([key, value]) => labels[key] === value);
  return rules.some(
    ({ from }) => !from || from.some(({ podSelector }) => podSelector && suits(podSelector.matchLabels)),
  );
}
