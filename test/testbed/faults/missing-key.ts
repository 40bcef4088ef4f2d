import { TestbedError } from '../testbed-error.ts';
import { deploymentPath, type Fault, untilPod, waitingReason } from './fault.ts';

interface EnvVariable {
  name: string;
  valueFrom?: { configMapKeyRef?: KeyRef; secretKeyRef?: KeyRef };
}
interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

export const missingKey: Fault = {
  name: 'missing-key',
  summary: 'a new revision of a workload refers to a ConfigMap or Secret key that does not exist',
  needs: 'real',
  targets: ['geo', 'profile'],
  touches: (target) => [`deployment/${target}`],
  async inject({ kubectl, namespace, target, pick }) {
    const { spec } = await kubectl.get(deploymentPath(namespace, target));
    const [container] = spec.template.spec.containers as { name: string; env?: EnvVariable[] }[];
    const references = (container?.env ?? []).filter((variable) => keyOf(variable) && !keyOf(variable)?.optional);
    if (references.length === 0) throw new TestbedError(`${target} refers to no ConfigMap or Secret key`);
    const variable = pick(references);
    const kind = variable.valueFrom?.secretKeyRef ? 'secretKeyRef' : 'configMapKeyRef';
    const wrong = {
      name: variable.name,
      valueFrom: { [kind]: { ...keyOf(variable), key: `${keyOf(variable)?.key}-v2` } },
    };
    const containers = [{ name: container?.name, env: [wrong] }];
    const patch = JSON.stringify({ spec: { template: { spec: { containers } } } });
    await kubectl.run(['patch', 'deployment', target, '--namespace', namespace, '--patch', patch]);
  },
  untilVisible: (context) =>
    untilPod(context, 'lacks a key', (pod) => waitingReason(pod) === 'CreateContainerConfigError'),
};

function keyOf({ valueFrom }: EnvVariable): KeyRef | undefined {
  return valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
}
