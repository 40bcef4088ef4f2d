import type { KubeObject } from '../../../domain/kube-object.ts';
import type { PatchOp } from '../../../domain/change.ts';
import { lastChange } from '../../../kube/managed-fields.ts';
import { desiredReplicas } from '../../../kube/pods.ts';
import { idleByDesign } from '../../../kube/scalers.ts';
import { formerSizes } from '../../playbooks/clues/scale/former-size.ts';
import { SCALABLE, needFor } from '../../playbooks/clues/scale/need.ts';
import { eventEvidence, evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch, scaleTo } from '../../playbooks/engine/changes.ts';
import { cappedBy } from '../../../kube/capped-scaler.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { setAt } from '../scene/template-patch.ts';

/** Sizes offered per workload. */
const MAX_SIZES = 3;

/** Workloads that are switched off or held back: at no replicas, paused, suspended, below what an autoscaler needs. */
export function scale(scene: Scene): CauseDraft[] {
  const { view } = scene;
  const own = (kinds: readonly string[]) =>
    kinds
      .flatMap((kind) => view.all(kind))
      .filter((each) => isOwnNamespace(view, each) && !each.metadata.deletionTimestamp);
  return [
    ...own([...SCALABLE]).flatMap((workload) => atZero(scene, workload)),
    ...own(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job']).flatMap((workload) => held(workload)),
    ...own(['HorizontalPodAutoscaler']).flatMap((scaler) => capped(scene, scaler)),
  ];
}

function atZero({ view }: Scene, workload: KubeObject): CauseDraft[] {
  if (desiredReplicas(workload) !== 0 || idleByDesign(workload, view.snapshot)) return [];
  const need = needFor(view, workload).level;
  const sizes = formerSizes(view, workload);
  const byNumber = new Map<number, (typeof sizes)[number]>();
  for (const size of sizes) if (!byNumber.has(size.replicas)) byNumber.set(size.replicas, size);
  const wanted = { serving: 1, ran: 0.8, none: 0.4 }[need];
  const actions = [...byNumber.values()]
    .slice(0, MAX_SIZES)
    .map(({ replicas, confidence, evidence: clue }): ActionDraft => ({
      changes: [scaleTo(workload, replicas)],
      text: `scale ${nameOf(workload)}: 0 → ${replicas} replicas (${clue.text})`,
      origin: clue.source === 'sibling' ? 'sibling' : 'earlier',
      score: wanted * confidence,
      expects: `${nameOf(workload)} runs ${replicas} replicas`,
    }));
  if (!byNumber.has(1))
    actions.push({
      changes: [scaleTo(workload, 1)],
      text: `scale ${nameOf(workload)}: 0 → 1 replica`,
      origin: 'generic',
      score: wanted * 0.5,
      expects: `${nameOf(workload)} runs 1 replica`,
    });
  const text = `${nameOf(workload)} is scaled to 0 replicas${need === 'serving' ? ', and a Service leads to it' : ''}`;
  return [
    {
      object: workload,
      what: 'replicas',
      text,
      evidence: [evidence('spec', workload, 'spec.replicas', text), ...sizes.slice(0, 2).map((size) => size.evidence)],
      score: 0.9 * wanted,
      actions,
    },
  ];
}

interface Hold {
  path: string;
  now: unknown;
  value: unknown;
  score: number;
}

function held(workload: KubeObject): CauseDraft[] {
  const { kind, spec } = workload;
  const holds: Hold[] = [];
  if (kind === 'Deployment' && spec?.paused === true)
    holds.push({ path: '/spec/paused', now: true, value: undefined, score: 0.7 });
  if ((kind === 'CronJob' || kind === 'Job') && spec?.suspend === true)
    holds.push({ path: '/spec/suspend', now: true, value: false, score: recentlyMade(workload) ? 0.4 : 0.6 });
  const partition: unknown = spec?.updateStrategy?.rollingUpdate?.partition;
  if (kind === 'StatefulSet' && Number(partition) > 0)
    holds.push({ path: '/spec/updateStrategy/rollingUpdate/partition', now: partition, value: 0, score: 0.55 });
  return holds.map(({ path, now, value, score }) => {
    const field = path.slice(1).replaceAll('/', '.');
    const text = `${nameOf(workload)} is held back: ${field} is ${shown(now)}`;
    return {
      object: workload,
      what: field,
      text,
      evidence: [evidence('spec', workload, field, text)],
      score,
      actions: [
        {
          changes: [jsonPatch(workload, setAt(path, now, value))],
          text: `set ${field} of ${nameOf(workload)}: ${shown(now)} → ${shown(value)}`,
          origin: 'generic',
          score,
          expects: `${nameOf(workload)} goes on`,
        },
      ],
    };
  });
}

/** Suspended from the start: most likely on purpose. */
function recentlyMade(workload: KubeObject): boolean {
  return (lastChange(workload)?.at ?? 0) <= (Date.parse(workload.metadata.creationTimestamp ?? '') || 0);
}

/** `Scaled down replica set web-7d4 from 3 to 1` */
const SHRUNK = /^Scaled down replica set \S+ from (\d+) to \d+/;

function capped({ view }: Scene, scaler: KubeObject): CauseDraft[] {
  const { kind = '', name = '' } = (scaler.spec?.scaleTargetRef ?? {}) as { kind?: string; name?: string };
  const target = view.find(kind, scaler.metadata.namespace, name);
  const max = Number(scaler.spec?.maxReplicas ?? 0);
  const now = target && desiredReplicas(target);
  if (!target || now === 0 || now === null || now === undefined || now < max) return [];
  const event = cappedBy(view, scaler);
  const told = view.eventsOf(target).flatMap(({ message }) => Number(SHRUNK.exec(message)?.[1] ?? 0));
  const known = [...formerSizes(view, target).map(({ replicas }) => replicas), ...told];
  const sizes = [...new Set(known)].filter((size) => size > max);
  const values = sizes.length > 0 ? sizes.slice(0, 2) : event ? [max * 2] : [];
  if (values.length === 0) return [];
  const text = `HorizontalPodAutoscaler ${scaler.metadata.name} keeps ${nameOf(target)} at ${max} or fewer replicas`;
  const score = event ? 0.7 : 0.55;
  return [
    {
      object: scaler,
      what: 'maxReplicas',
      text,
      evidence: [evidence('spec', scaler, 'spec.maxReplicas', text), ...(event ? [eventEvidence(event, scaler)] : [])],
      score,
      actions: values.map((value, index): ActionDraft => {
        const min: unknown = scaler.spec?.minReplicas;
        const ops: PatchOp[] = setAt('/spec/maxReplicas', max, value);
        // Without metrics a higher upper bound alone moves nothing.
        if (Number(min ?? 1) < value) ops.push(...setAt('/spec/minReplicas', min, value));
        return {
          changes: [jsonPatch(scaler, ops)],
          text: `let HorizontalPodAutoscaler ${scaler.metadata.name} run ${nameOf(target)} with ${value} replicas: maxReplicas ${max} → ${value}`,
          origin: sizes.length > 0 ? 'earlier' : 'generic',
          score: score - index * 0.1,
          expects: `${nameOf(target)} runs ${value} replicas`,
        };
      }),
    },
  ];
}
