import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { Backend, ServicePort } from '../../../../kube/service-backends.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const otherOf = (protocol: string): string => (protocol === 'UDP' ? 'TCP' : 'UDP');

/**
 * The pods say that they listen where the port leads, but by the other protocol. Not where the Service has the number for
 * both: then the pods may have told of one only.
 */
export function isOfOtherProtocol(
  port: ServicePort,
  ports: readonly ServicePort[],
  backends: readonly Backend[],
): boolean {
  const { target, protocol, number } = port;
  if (protocol !== 'TCP' && protocol !== 'UDP') return false;
  if (ports.some((other) => other !== port && other.number === number)) return false;
  return backends.every(({ knowledge }) => {
    const at = knowledge.ports.filter((known) => known.number === target || (known.declared && known.name === target));
    return (
      at.some((known) => known.protocol === otherOf(protocol) && (known.declared || known.probe !== null)) &&
      !at.some((known) => known.protocol === protocol)
    );
  });
}

export function protocolFinding(rule: string, service: KubeObject, port: ServicePort, backends: Backend[]): Finding {
  const { index, protocol, number, target } = port;
  const other = otherOf(protocol);
  const path = `/spec/ports/${index}/protocol`;
  const applied = listOf(lastApplied(service)?.spec?.ports).find((each) => each?.port === number);
  const wasOther = applied && (applied.protocol ?? 'TCP') === other;
  const { object, field } = backends[0]!;
  return makeFinding({
    rule,
    severity: 'critical',
    object: service,
    what: `protocol/${number}`,
    message: `Service ${service.metadata.name} passes port ${number} on by ${protocol}, but its pods listen on ${target} by ${other}`,
    evidence: [
      evidence('spec', service, `spec.ports[${index}].protocol`, `protocol of port ${number} is ${protocol}`),
      evidence(
        'spec',
        object,
        field,
        `its containers have port ${target} by ${other} and none of that number by ${protocol}`,
      ),
      ...(wasOther
        ? [
            evidence(
              'revision',
              service,
              LAST_APPLIED_FIELD,
              `the configuration last applied has port ${number} by ${other}`,
            ),
          ]
        : []),
    ],
    fixes: [
      {
        changes: [
          jsonPatch(service, [
            ...(service.spec?.ports?.[index]?.protocol === undefined
              ? []
              : [{ op: 'test' as const, path, value: protocol }]),
            { op: 'add', path, value: other },
          ]),
        ],
        expects: `Service ${service.metadata.name} reaches its pods on port ${number} by ${other}`,
        confidence: wasOther ? 0.93 : 0.8,
      },
    ],
  });
}
