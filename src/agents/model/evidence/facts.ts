import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import { isMap, without } from '../../../json/json-map.ts';
import { oneLine } from '../../../text/plain-text.ts';
import { untrustedLine } from '../../../text/redact.ts';
import type { EvidenceDesk } from './evidence-desk.ts';
import { flowLines } from './flow-text.ts';
import { prunedObject } from './pruned-object.ts';

/** Longest text of one fact. */
const LONGEST = 600;

/** A fact about an object, redacted and on one line. */
export function factOf(source: Evidence['source'], object: KubeObject | null, text: string, field?: string): Evidence {
  return {
    ...(object ? { object: refOf(object) } : {}),
    ...(field ? { field } : {}),
    source,
    text: untrustedLine(text, LONGEST),
  };
}

/** The same of an object that is only named; null: of none. */
export function factAbout(source: Evidence['source'], object: ObjectRef | null, text: string): Evidence {
  return { ...(object ? { object } : {}), source, text: untrustedLine(text, LONGEST) };
}

/** The same of a text in which everything is redacted already: what is named like a credential may be a reference. */
export function cleanFact(source: Evidence['source'], object: KubeObject, text: string, field?: string): Evidence {
  return { object: refOf(object), ...(field ? { field } : {}), source, text: oneLine(text, LONGEST) };
}

/** What an object says of itself, in lines; without bookkeeping and defaults. */
export function objectFacts(object: KubeObject): Evidence[] {
  const { metadata, ...rest } = without(prunedObject(object), 'apiVersion', 'kind', 'owner');
  const own = without(metadata as Record<string, unknown>, 'name', 'namespace', 'creationTimestamp');
  const parts: Record<string, unknown> = { metadata: own, ...rest };
  return Object.entries(parts).flatMap(([key, part]) =>
    flowLines(condensed(part), key)
      .filter(({ text }) => text !== '{}')
      .map(({ path, text }) => cleanFact(key === 'status' ? 'status' : 'spec', object, text, path)),
  );
}

/** Environment variables as a map: a third of the characters of the list. */
function condensed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(condensed);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key !== 'env' || !Array.isArray(item)) return [key, condensed(item)];
      return [
        key,
        Object.fromEntries(item.map((each) => [String(each?.name), each?.value ?? sourceOf(each?.valueFrom)])),
      ];
    }),
  );
}

function sourceOf(from: unknown): unknown {
  if (!isMap(from)) return null;
  const [kind, reference] = Object.entries(from)[0] ?? ['', null];
  const { name, key, optional, fieldPath } = isMap(reference) ? reference : {};
  if (kind === 'configMapKeyRef' || kind === 'secretKeyRef')
    return `from ${kind === 'secretKeyRef' ? 'Secret' : 'ConfigMap'} ${String(name)} key ${String(key)}${optional === true ? ' optional' : ''}`;
  return typeof fieldPath === 'string' ? `from ${fieldPath}` : from;
}

/** A line of what a model is shown: the fact with the id under which it is filed. */
export function factLine(fact: Evidence, desk: EvidenceDesk, withObject = false): string {
  const place = [withObject && fact.object ? refLabel(fact.object) : '', fact.field ?? ''].filter(
    (part) => part !== '',
  );
  return `[${desk.file(fact)}] ${place.length > 0 ? `${place.join(' ')}: ` : ''}${fact.text}`;
}

/** `3 min`, `2 h`, `5 d`: how long ago something was, from milliseconds. */
export function agoText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}
