import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refKey } from '../../domain/kube-object.ts';
import type { Sample, Series } from '../../domain/telemetry.ts';
import type { Untyped } from '../../kube/pod-template.ts';
import { containersOf, podTemplateOf } from '../../kube/pod-template.ts';
import { earlierRevisions, revisionsOf } from '../../kube/revisions.ts';
import { quantity } from '../../kube/quantity.ts';
import { listOf } from '../../kube/untyped-list.ts';
import { literalPattern } from '../../text/literal-pattern.ts';
import { inOrder } from '../baselines/rates.ts';
import { labelledObjects } from '../identity/labelled-objects.ts';
import { oneOf, quoted, selector } from '../promql.ts';
import type { Answers, Ask, Scene } from './incident-type.ts';
import type { MemoryHistory } from './memory-cause.ts';
import { memoryLimit } from './oom.ts';
import { countedBy, requestKey, requestQuery } from './request-asks.ts';

const USED = 'memory-cause/used';
const STARTED = 'memory-cause/started';
const TRAFFIC = 'memory-cause/';
const LOOKBACK_MS = 2 * 3_600_000;
/** A leak may fill a limit within minutes. */
const STEP_MS = 15_000;

/** What has to be asked of one container of a workload before {@link memoryHistory}. */
export function memoryAsks(scene: Scene, workload: ObjectRef, container: string): Ask[] {
  const { settings, now } = scene;
  const window = { from: now - LOOKBACK_MS, to: now, stepMs: STEP_MS };
  const matchers = [
    oneOf('namespace', workload.namespace ? [workload.namespace] : []),
    `pod=~${quoted(`${literalPattern(workload.name)}(-.*)?`)}`,
    oneOf('container', [container]),
  ];
  const read = (metric: string): string => `max by (namespace, pod, container) (${selector(metric, ...matchers)})`;
  return [
    { key: USED, query: read(settings.metrics.workingSet), window },
    { key: STARTED, query: read(settings.metrics.containerStarted), window },
    ...countedBy(settings).map((index) => ({
      key: `${TRAFFIC}${requestKey(index, 'answered')}`,
      query: requestQuery(settings.requests[index]!, 'answered', settings),
      window,
    })),
  ];
}

/** Null where the container has no limit, or nobody tells what it uses: why it ran out of memory is then not known. */
export function memoryHistory(
  answers: Answers,
  scene: Scene,
  workload: ObjectRef,
  container: string,
): MemoryHistory | null {
  const { view } = scene;
  const object = view.find(workload.kind, workload.namespace, workload.name);
  const limitBytes = object && limitOf(scene, object, container);
  const used = ofWorkload(answers, USED, scene, workload);
  if (!object || limitBytes == null || used.length === 0) return null;
  const started = new Map(ofWorkload(answers, STARTED, scene, workload).map((series) => [series.labels.pod, series]));
  const pods = used.map(({ labels, samples }) => {
    const pod = view.find('Pod', workload.namespace, labels.pod ?? '');
    const told = started.get(labels.pod)?.samples.map(({ value }) => value * 1_000) ?? [];
    const starts = [...new Set([...told, ...startsOf(pod, container)])];
    return { samples: inOrder(samples), starts, kills: killsOf(pod, container) };
  });
  return {
    pods,
    limitBytes,
    traffic: trafficOf(answers, scene, workload),
    former: formerLimit(scene, object, container),
  };
}

function limitOf({ view }: Scene, object: KubeObject, container: string): number | null {
  const template = podTemplateOf(object);
  const ranges = view.all('LimitRange', object.metadata.namespace);
  return template && memoryLimit(ranges, { ...object, spec: template.spec }, container);
}

function ofWorkload(answers: Answers, key: string, { view }: Scene, workload: ObjectRef): Series[] {
  const answer = answers.get(key);
  if (answer?.state !== 'ok') return [];
  return answer.value.filter(({ labels }) =>
    labelledObjects(view, labels).objects.some((ref) => refKey(ref) === refKey(workload)),
  );
}

/** As far as the pod's status remembers: the present run and the one before. */
function runsOf(pod: KubeObject | undefined, container: string): Untyped[] {
  const status = listOf(pod?.status?.containerStatuses).find((each) => each?.name === container);
  return [status?.state?.running, status?.state?.terminated, status?.lastState?.terminated];
}

function startsOf(pod: KubeObject | undefined, container: string): number[] {
  return runsOf(pod, container)
    .map((run) => Date.parse(String(run?.startedAt ?? '')))
    .filter(Number.isFinite);
}

function killsOf(pod: KubeObject | undefined, container: string): number[] {
  return runsOf(pod, container)
    .filter((run) => run?.reason === 'OOMKilled')
    .map((run) => Date.parse(String(run?.finishedAt ?? '')))
    .filter(Number.isFinite);
}

function trafficOf(answers: Answers, scene: Scene, workload: ObjectRef): Sample[] | null {
  for (const index of countedBy(scene.settings)) {
    const [series] = ofWorkload(answers, `${TRAFFIC}${requestKey(index, 'answered')}`, scene, workload);
    if (series) return inOrder(series.samples);
  }
  return null;
}

/** The last earlier revision whose limit was another one, and when the present revision was made. */
function formerLimit({ view }: Scene, object: KubeObject, container: string): MemoryHistory['former'] {
  const current = revisionsOf(view, object).find((revision) => revision.current);
  const [before] = earlierRevisions(view, object);
  const changedAt = Date.parse(current?.source.metadata.creationTimestamp ?? '');
  const spec = before && containersOf(before.template?.spec).find(({ name }) => name === container)?.spec;
  const limitBytes = quantity(spec?.resources?.limits?.memory);
  return limitBytes !== null && Number.isFinite(changedAt) ? { limitBytes, changedAt } : null;
}
