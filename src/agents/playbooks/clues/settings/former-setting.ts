import { pointerKey } from '../../../../json/stable-json.ts';
import type { Change } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import { LAST_APPLIED_FIELD, hasMutableTemplate, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { isLiving, isReady } from '../../../../kube/pods.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import { evidence } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { formerParts } from '../former/former-part.ts';
import type { Difference } from '../patches/field-difference.ts';
import type { NewText } from './setting-change.ts';
import { entryChanges, readersOf, settingChanges } from './setting-change.ts';
import { replaceStuckPods } from '../pods/stuck-pods.ts';

/** Fixes, and why they are offered. */
export interface Alternatives {
  fixes: FixDraft[];
  reasons: Evidence[];
}

export const NONE: Alternatives = { fixes: [], reasons: [] };

/**
 * What each place that names a host said before, where that was not wrong. None unless all of them can go back.
 * @param isWrong whether a text says again what is wrong
 */
export function formerSettings(
  view: ClusterView,
  references: readonly NamedHost[],
  isWrong: (text: string, reference: NamedHost) => boolean,
): Alternatives {
  if (references.length === 0) return NONE;
  const reasons: Evidence[] = [];
  const changes: Change[] = [];
  let trust = 1;
  for (const holder of new Set(references.map(({ object }) => object))) {
    const own = references.filter(({ object }) => object === holder);
    const part =
      holder.kind === 'ConfigMap' ? ofMap(view, holder, own, isWrong) : ofTemplate(view, holder, own, isWrong);
    if (!part) return NONE;
    changes.push(...part.changes);
    reasons.push(part.reason);
    trust = Math.min(trust, part.trust);
  }
  const who = [...new Set(references.map(({ from }) => `${from.kind} ${from.metadata.name}`))].join(', ');
  const expects = `${who} asks again whom it asked before`;
  return { fixes: [{ changes, expects, confidence: 0.92 * trust }], reasons };
}

interface Part {
  changes: Change[];
  reason: Evidence;
  trust: number;
}

function ofMap(
  view: ClusterView,
  map: KubeObject,
  own: NamedHost[],
  isWrong: (text: string, reference: NamedHost) => boolean,
): Part | null {
  if (!lastApplied(map)) return null;
  const applied = (lastApplied(map).data ?? {}) as Record<string, unknown>;
  const texts: NewText[] = [];
  const added: Difference[] = [];
  for (const setting of own) {
    const key = keyOf(setting);
    const text = applied[key];
    if (typeof text === 'string' && text !== setting.text && !isWrong(text, setting)) texts.push({ setting, text });
    else if (text === undefined && !isAskedFor(view, map, key)) {
      if (!added.some(({ pointer }) => pointer === setting.pointer))
        added.push({ pointer: setting.pointer, now: setting.text, before: undefined });
    } else return null;
  }
  if (texts.length > 0 && added.length > 0) return null;
  const changes = added.length > 0 ? entryChanges(view, map, added) : settingChanges(view, texts);
  if (!changes) return null;
  const words = [...new Set(own.map(({ field }) => field))].join(', ');
  const reason = evidence(
    'revision',
    map,
    LAST_APPLIED_FIELD,
    `${words} ${added.length > 0 ? 'was not there' : 'had another value'} when it was last applied`,
  );
  return { changes, reason, trust: 0.95 };
}

/** Some pod could not start without this very entry. */
function isAskedFor(view: ClusterView, map: KubeObject, key: string): boolean {
  return readersOf(view, map, new Set([key])).some((reader) =>
    configReferences(podTemplateOf(reader)?.spec ?? {}).some(
      (reference) => reference.kind === 'ConfigMap' && reference.name === map.metadata.name && reference.key === key,
    ),
  );
}

function keyOf({ pointer }: NamedHost): string {
  return pointerKey(pointer.slice('/data/'.length));
}

/** Shallower parts (all containers) hold more than one setting. */
const DEEP = 3;

function ofTemplate(
  view: ClusterView,
  workload: KubeObject,
  own: NamedHost[],
  isWrong: (text: string, reference: NamedHost) => boolean,
): Part | null {
  if (!hasMutableTemplate(workload)) return null;
  const root = podTemplateOf(workload)!.pointer;
  const places = own.map(({ pointer }) => pointer.slice(root.length));
  const concerns = (pointer: string): boolean =>
    pointer.split('/').length > DEEP &&
    places.some((place) => place === pointer || place.startsWith(`${pointer}/`) || pointer.startsWith(`${place}/`));
  const part = formerParts(view, workload, concerns).find(({ podSpec }) =>
    own.every((reference) => !isWrong(containerText(podSpec, reference.container), reference)),
  );
  if (!part) return null;
  const stuck = replaceStuckPods(view, workload, (pod) => isLiving(pod) && !isReady(pod));
  return { changes: [jsonPatch(workload, part.ops), ...stuck], reason: part.evidence, trust: part.trust };
}

function containerText(spec: KubeObject['spec'], container: string): string {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])] as { name?: string }[];
  return JSON.stringify(all.find(({ name }) => name === container) ?? {});
}
