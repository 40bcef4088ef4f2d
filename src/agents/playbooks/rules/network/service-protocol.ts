import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { Backend, ServicePort } from '../../../../kube/service-backends.ts';
import { containersOf, LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const otherOf = (protocol: string): string => (protocol === 'UDP' ? 'TCP' : 'UDP');

/**
 * The pods say that they listen where the port leads, but by the other protocol. A number alone is no proof, because a
 * container port whose protocol nobody wrote counts as TCP: it takes a name, which the server looks up together with the
 * protocol, a probe by HTTP or gRPC, or what was last applied. Not where the Service has the number for both.
 */
export function isOfOtherProtocol(
  service: KubeObject,
  port: ServicePort,
  ports: readonly ServicePort[],
  backends: readonly Backend[],
): boolean {
  const { target, protocol, number } = port;
  if (protocol !== 'TCP' && protocol !== 'UDP') return false;
  if (ports.some((other) => other !== port && other.number === number)) return false;
  const isSure = typeof target === 'string' || wasOther(service, port);
  return backends.every(({ knowledge, object }) => {
    const at = knowledge.ports.filter((known) => known.number === target || (known.declared && known.name === target));
    return (
      at.some((known) => known.protocol === otherOf(protocol) && (known.declared || known.probe !== null)) &&
      !at.some((known) => known.protocol === protocol) &&
      (isSure || (protocol === 'UDP' && asksByRequest(object, target)))
    );
  });
}

/** A probe sends requests to the port, which go over TCP. */
function asksByRequest(object: KubeObject, target: number | string): boolean {
  return containersOf(podTemplateOf(object)?.spec).some(({ spec }) =>
    ['readinessProbe', 'livenessProbe', 'startupProbe'].some((kind) => {
      const asked: unknown = spec?.[kind]?.httpGet?.port ?? spec?.[kind]?.grpc?.port;
      if (asked === undefined) return false;
      const declared = listOf(spec?.ports).find((each) => each?.name === asked);
      return asked === target || declared?.containerPort === target;
    }),
  );
}

/** The configuration last applied passes the port on by the other protocol. */
function wasOther(service: KubeObject, { number, protocol }: ServicePort): boolean {
  const applied = listOf(lastApplied(service)?.spec?.ports).find((each) => each?.port === number);
  return applied !== undefined && (applied.protocol ?? 'TCP') === otherOf(protocol);
}

export function protocolFinding(rule: string, service: KubeObject, port: ServicePort, backends: Backend[]): Finding {
  const { index, protocol, number, target } = port;
  const other = otherOf(protocol);
  const path = `/spec/ports/${index}/protocol`;
  const before = wasOther(service, port);
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
      ...(before
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
        confidence: before ? 0.93 : 0.8,
      },
    ],
  });
}
