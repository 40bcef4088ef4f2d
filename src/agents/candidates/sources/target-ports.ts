import type { KubeObject } from '../../../domain/kube-object.ts';
import { listens } from '../../../kube/port-knowledge.ts';
import type { KnownPort } from '../../../kube/port-knowledge.ts';
import { backendsOf, servicePorts } from '../../../kube/service-backends.ts';
import type { Backend, ServicePort } from '../../../kube/service-backends.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { setAt } from '../scene/template-patch.ts';

/** Ports offered per port of a Service. */
const MAX_TARGETS = 3;

/** Ports of Services that lead to a port on which the pods behind are not known to listen, and those on which they are. */
export function targetPorts({ view, focus }: Scene): CauseDraft[] {
  return view.all('Service').flatMap((service) => {
    if (!isOwnNamespace(view, service)) return [];
    const backends = backendsOf(view, service);
    if (backends.length === 0) return [];
    return servicePorts(service).flatMap((port): CauseDraft[] => {
      const answers = backends.map(({ knowledge }) => listens(knowledge, port.target, port.protocol));
      const wrong = answers.includes('no');
      // What is said to listen there may still be the wrong one of several, where something near is sick.
      if (!wrong && focus.weightOf(service) < ASKED) return [];
      const actions = optionsOf(service, port, backends, wrong);
      if (!wrong && actions.length === 0) return [];
      const known = backends.flatMap(({ knowledge }) => knowledge.ports.map(({ number }) => number));
      const text =
        `Service ${service.metadata.name} sends port ${port.number} to ${port.target}, ` +
        `${wrong ? 'where its pods do not listen' : 'where its pods may not listen'}; known ports: ${[...new Set(known)].join(', ') || 'none'}`;
      return [
        {
          object: service,
          what: `targetPort ${port.index}`,
          text,
          evidence: [
            evidence('spec', service, `spec.ports[${port.index}].targetPort`, text),
            ...backends
              .slice(0, 2)
              .flatMap(({ object, field, knowledge }) =>
                knowledge.ports
                  .slice(0, 3)
                  .map((one) => evidence('spec', object, `${field}.${one.place}`, `listens on ${one.number}`)),
              ),
          ],
          score: wrong ? 0.85 : 0.3,
          actions,
        },
      ];
    });
  });
}

const ASKED = 0.9;

function optionsOf(service: KubeObject, port: ServicePort, backends: Backend[], wrong: boolean): ActionDraft[] {
  const all = backends.flatMap(({ knowledge }) => knowledge.ports).filter(({ protocol }) => protocol === port.protocol);
  const taken = new Set(servicePorts(service).map(({ target }) => target));
  const options = new Map<number | string, number>();
  for (const known of all) {
    for (const value of formsOf(known, port)) {
      if (
        value === port.target ||
        !backends.every(({ knowledge }) => listens(knowledge, value, port.protocol) === 'yes')
      )
        continue;
      const score = likeness(known, port) - (taken.has(value) ? 0.3 : 0);
      options.set(value, Math.max(options.get(value) ?? 0, score));
    }
  }
  return [...options]
    .sort(([a, x], [b, y]) => y - x || (String(a) < String(b) ? -1 : 1))
    .slice(0, MAX_TARGETS)
    .map(([value, score], _index, { length }) => ({
      changes: [
        jsonPatch(
          service,
          setAt(`/spec/ports/${port.index}/targetPort`, port.written ? port.target : undefined, value),
        ),
      ],
      text: `set targetPort of port ${port.number} of Service ${service.metadata.name}: ${port.target} → ${value}, where its pods listen`,
      origin: 'reference',
      score: (wrong ? 1 : 0.45) * Math.min(0.95, score + (length === 1 ? 0.25 : 0)),
      expects: `requests to Service ${service.metadata.name} reach port ${value} of its pods`,
    }));
}

/** A number and its name mean the same: the form that is in use now is offered. */
function formsOf(known: KnownPort, { target }: ServicePort): (number | string)[] {
  if (typeof target === 'string' && known.declared && known.name) return [known.name];
  return [known.number];
}

function likeness(known: KnownPort, port: ServicePort): number {
  let score = 0.5;
  if (known.name && known.name === port.name) score += 0.3;
  if (known.number === port.number) score += 0.15;
  if (known.probe === 'readiness') score += 0.2;
  if (known.name && /metrics|prom|admin|debug|health|pprof/i.test(known.name)) score -= 0.3;
  return score;
}
