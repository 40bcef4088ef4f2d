import type { KubeObject } from '../../judge/api.ts';
import { untilAsked } from '../../judge/wait.ts';
import { container } from '../application.ts';
import type { Cluster } from '../cluster.ts';
import { keyOf, refOf } from '../cluster.ts';
import type { Fault } from '../fault.ts';

const API = 'admissionregistration.k8s.io/v1';
/** Policies and what they look at reach the server's admission with some delay. */
const TAKES_MS = 60_000;

/** A policy for the pods of one namespace, which must say whose it is. */
function policyFor(namespace: string, key: string, message: string): KubeObject[] {
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const expression = `has(namespaceObject.metadata.labels) && '${key}' in namespaceObject.metadata.labels`;
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const name = `${namespace}-owners`;
  return [
    {
      apiVersion: API,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: { matchConstraints: { resourceRules }, validations: [{ expression, message }] },
    },
    {
      apiVersion: API,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'], matchResources: { namespaceSelector } },
    },
  ];
}

/** Whether a pod would be let in now; "" when it is denied. */
async function lackOfDenial(cluster: Cluster): Promise<string> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe' },
    spec: { containers: [container('a', 'true')] },
  };
  const { code } = await cluster.tryKubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(pod));
  return code === 0 ? 'pods are let in' : '';
}

export const NAMESPACE_FAULTS: Fault[] = [
  {
    name: 'namespace-label-lost',
    family: 'admission',
    summary: 'a namespace lost the label that a policy demands of it; its next pod is denied',
    needs: 'any',
    scope: 'namespace',
    wish: { kinds: ['Deployment'] },
    plan({ application, target, random }) {
      const { namespace } = application;
      const key = random.pick(['cost-centre', 'owner', 'example.com/team']);
      const value = random.token(6);
      const message = random.pick([`namespaces must have label ${key}`, 'nobody answers for this']);
      const policy = policyFor(namespace, key, message);
      const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { [key]: value } } };
      const own = refOf(manifest);
      return {
        what: `Namespace ${namespace}: label ${key} taken away`,
        async prepare(cluster) {
          await cluster.apply([manifest]);
          await cluster.create(policy);
        },
        async inject(cluster) {
          await cluster.kubectl(['label', own.kind, own.name, `${key}-`]);
          await untilAsked(TAKES_MS, 'the policy denies', () => lackOfDenial(cluster));
          await cluster.removePods(target.labels);
        },
        async heal(cluster) {
          await cluster.kubectl(['label', own.kind, own.name, `${key}=${value}`]);
          // Controllers wait longer and longer after refusals; a new revision is tried at once.
          await cluster.restart(target.ref);
        },
        causes: [{ names: ['Namespace', namespace, key], word: /label/i }],
        mayChange: [keyOf(own), keyOf(target.ref)],
        outside: policy.map((object) => keyOf(refOf(object))),
        async cleanUp(cluster) {
          for (const object of policy.toReversed()) await cluster.remove(refOf(object));
        },
      };
    },
  },
];
