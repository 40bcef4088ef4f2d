import type { KubeObject } from '../../../domain/kube-object.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { isServed } from '../../../kube/container-trouble.ts';
import { containersOf, podTemplateOf, servingContainers } from '../../../kube/pod-template.ts';
import type { ContainerSpec, Untyped } from '../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../kube/pods.ts';
import { portKnowledge } from '../../../kube/port-knowledge.ts';
import { untrustedLine } from '../../../text/redact.ts';
import { containerPatch, setField } from '../../playbooks/clues/patches/container-patch.ts';
import { eventEvidence, evidence } from '../../playbooks/engine/analyzer.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isPatchable, templateChanges } from '../scene/template-patch.ts';

const FIELDS = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
/** Seconds, and failures, that are made up where nothing says how many a program needs. */
const LONGER = { timeoutSeconds: 5, failureThreshold: 30, initialDelaySeconds: 60 };
/** Values offered per field. */
const MAX_VALUES = 3;

/** Probes of workloads that do not serve: each may ask in vain. A probe itself is never given up. */
export function probes({ view, focus }: Scene): CauseDraft[] {
  return focus.workloads
    .filter(
      (workload) => isPatchable(view, workload) && view.podsOf(workload).some((pod) => isLiving(pod) && !isReady(pod)),
    )
    .flatMap((workload) =>
      servingContainers(podTemplateOf(workload)!.spec).flatMap((container) =>
        FIELDS.flatMap((field) => probeOf(view, workload, container, field)),
      ),
    );
}

function probeOf(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  field: (typeof FIELDS)[number],
): CauseDraft[] {
  const probe: Untyped = container.spec?.[field];
  if (!probe) return [];
  const kind = field.replace('Probe', '');
  const told = view
    .podsOf(workload)
    .flatMap((pod) => view.eventsOf(pod).map((event) => ({ pod, event })))
    .find(({ event }) => /Unhealthy|ProbeWarning/.test(event.reason) && event.message.toLowerCase().startsWith(kind));
  const words = told?.event.message ?? '';
  const handler = (['httpGet', 'tcpSocket', 'grpc'] as const).find((each) => probe[each]);
  const values: [string, unknown, number][] = handler
    ? [
        ...ports(view, workload, container, field, probe[handler]?.port).map(
          ([port, score]): [string, unknown, number] => [
            'port',
            port,
            score + (/connection refused/i.test(words) ? 0.2 : 0),
          ],
        ),
        ...(handler === 'httpGet' ? pathsAndSchemes(view, workload, container, field, probe.httpGet, words) : []),
      ]
    : [];
  const slow = /timed? ?out|deadline|canceled/i.test(words);
  const actions = [
    ...values.map(([name, value, score]) =>
      draft(view, workload, container, `${field}/${handler}`, name, probe[handler!], value, score),
    ),
    ...Object.entries(LONGER).flatMap(([name, value]) => {
      const now = Number(probe[name] ?? { timeoutSeconds: 1, failureThreshold: 3, initialDelaySeconds: 0 }[name]);
      if (now >= value || (field === 'readinessProbe' && name !== 'timeoutSeconds')) return [];
      const score = name === 'timeoutSeconds' ? (slow ? 0.6 : 0.2) : 0.35;
      return [draft(view, workload, container, field, name, probe, value, told ? score : score * 0.6)];
    }),
  ];
  if (field === 'livenessProbe' && container.spec?.startupProbe === undefined)
    actions.push(startup(view, workload, container, probe, told ? 0.5 : 0.3));
  if (actions.length === 0) return [];
  const place = `${podTemplateOf(workload)!.field}.${container.place}.${field}`;
  const asks = handler
    ? `${handler} port ${shown(probe[handler].port)}${probe.httpGet ? ` ${shown(probe.httpGet.path ?? '/')}` : ''}`
    : 'runs a command';
  const text = `the ${kind} probe of container ${container.name} of ${nameOf(workload)} (${asks}) ${told ? `fails: ${untrustedLine(words, 80)}` : 'may ask in vain'}`;
  return [
    {
      object: workload,
      what: `${container.name} ${field}`,
      text,
      evidence: [evidence('spec', workload, place, text), ...(told ? [eventEvidence(told.event, told.pod)] : [])],
      score: told ? 0.6 : 0.25,
      actions: actions.map((action) => (told ? action : { ...action, score: action.score * 0.6 })),
    },
  ];
}

/** Time to start, told by the probe that ends containers: it begins only after the program has answered once. */
function startup(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  probe: Untyped,
  score: number,
): ActionDraft {
  const { root, guard } = containerPatch(workload, container);
  const value = { ...(probe as object), failureThreshold: LONGER.failureThreshold };
  return {
    changes: templateChanges(view, workload, [guard, ...setField(root, container.spec, 'startupProbe', value)]),
    text: `give container ${container.name} of ${nameOf(workload)} a startupProbe like its livenessProbe, with ${LONGER.failureThreshold} failures allowed`,
    origin: 'reference',
    score,
    expects: `${nameOf(workload)} has the time that it takes to start`,
  };
}

/** Ports that the container has, and that its other probes ask, in place of the one asked. */
function ports(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  field: string,
  asked: unknown,
): [number | string, number][] {
  const known = portKnowledge(podTemplateOf(workload)!.spec).ports.filter((port) => port.container === container.name);
  const isAsked = (port: { number: number; name: string | null }) => port.number === asked || port.name === asked;
  const others = FIELDS.filter((each) => each !== field).map((each) => container.spec?.[each]);
  const peers = others.map((each) => each?.httpGet?.port ?? each?.tcpSocket?.port ?? each?.grpc?.port);
  const served = view
    .servicesSelecting(workload.metadata.namespace, podTemplateOf(workload)!.labels)
    .flatMap((service) => ((service.spec?.ports ?? []) as Untyped[]).map((port) => port?.targetPort ?? port?.port));
  return known
    .filter((port) => !isAsked(port) && (port.declared || port.hint !== null || peers.includes(port.number)))
    .map((port): [number | string, number] => {
      const used = served.includes(port.number) || (port.name !== null && served.includes(port.name));
      const alike = peers.includes(port.number) || (port.name !== null && peers.includes(port.name));
      // A name for a name: whoever asks by name means the port wherever it is.
      const value = typeof asked === 'string' && port.name !== null ? port.name : port.number;
      return [value, 0.45 + (used ? 0.15 : 0) + (alike ? 0.1 : 0)];
    })
    .sort(([a, x], [b, y]) => y - x || (String(a) < String(b) ? -1 : 1))
    .slice(0, MAX_VALUES);
}

/** What other probes of the container, or of others with its image, ask. */
function pathsAndSchemes(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  field: string,
  get: Untyped,
  words: string,
): [string, unknown, number][] {
  const twins = view.workloads().flatMap((other) =>
    containersOf(podTemplateOf(other)?.spec)
      .filter((each) =>
        other === workload ? each.name === container.name : each.image === container.image && isServed(view, other),
      )
      .flatMap((each) =>
        FIELDS.filter((kind) => other !== workload || kind !== field).map((kind) => each.spec?.[kind]?.httpGet),
      ),
  );
  const paths = [...new Set(twins.flatMap((twin) => (twin ? [String(twin.path ?? '/')] : [])))];
  const status = /statuscode: (404|405|501)\b/.test(words) ? 0.2 : 0;
  const scheme = String(get.scheme ?? 'HTTP').toUpperCase() === 'HTTPS' ? 'HTTP' : 'HTTPS';
  const spoken =
    /HTTP response to HTTPS|does not look like a TLS|malformed HTTP response|HTTP request to an HTTPS/i.test(words);
  return [
    ...paths
      .filter((path) => path !== String(get.path ?? '/'))
      .slice(0, MAX_VALUES)
      .map((path): [string, unknown, number] => ['path', path, 0.45 + status]),
    ...(status > 0 && !paths.includes('/') && (get.path ?? '/') !== '/'
      ? [['path', '/', 0.4] as [string, unknown, number]]
      : []),
    ['scheme', scheme, spoken ? 0.8 : 0.15],
  ];
}

function draft(
  view: ClusterView,
  workload: KubeObject,
  container: ContainerSpec,
  place: string,
  name: string,
  holder: Untyped,
  value: unknown,
  score: number,
): ActionDraft {
  const { root, guard } = containerPatch(workload, container);
  const field = `${place.replaceAll('/', '.')}.${name}`;
  return {
    changes: templateChanges(view, workload, [guard, ...setField(`${root}/${place}`, holder, name, value)]),
    text: `set ${field} of container ${container.name} of ${nameOf(workload)}: ${shown(holder?.[name])} → ${shown(value)}`,
    origin: 'reference',
    score,
    expects: `the probe succeeds and the pods of ${nameOf(workload)} become ready`,
  };
}
