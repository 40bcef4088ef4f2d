import type { ScalarTag } from 'yaml';
import { byName, isMap, own } from '../../json/json-map.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { ANOTHER_VALUE } from '../../domain/kube-object.ts';
import { RawNumber } from '../../json/raw-number.ts';
import type { FieldChange } from '../../../webview/protocol/plan-view.ts';
import { presentable } from '../../text/redact.ts';

/** Fields that the server keeps for itself; they would hide the change among noise. */
const SERVER_METADATA = ['managedFields', 'resourceVersion', 'uid', 'creationTimestamp', 'generation', 'selfLink'];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The part of an object that people compare. Secret values stay as the gateway blanked them, and are blanked again. */
export function displayForm(object: KubeObject, subresource?: string): Record<string, unknown> {
  const { status, ...rest } = object as KubeObject & { status?: unknown };
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of SERVER_METADATA) delete metadata[field];
  if (object.metadata.annotations) {
    const annotations = { ...object.metadata.annotations };
    delete annotations[LAST_APPLIED];
    if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
    else delete metadata.annotations;
  }
  const shown: Record<string, unknown> = { ...rest, metadata };
  if (subresource === 'status') shown.status = status;
  if (object.kind === 'Secret') {
    for (const field of ['data', 'stringData']) {
      if (!isMap(shown[field])) continue;
      const blank = ([key, value]: [string, unknown]) => [
        key,
        value === ANOTHER_VALUE ? `••• ${ANOTHER_VALUE}` : '•••',
      ];
      shown[field] = Object.fromEntries(Object.entries(shown[field]).map(blank));
    }
  }
  return shown;
}

/** YAML with a fixed order of fields, so that two texts differ only where the objects do. Empty for no object. */
export async function objectYaml(object: KubeObject | null, subresource?: string): Promise<string> {
  if (!object) return '';
  // Loaded on first use: activation does not need it.
  const { stringify } = await import('yaml');
  const yaml = stringify(ordered(displayForm(object, subresource)), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    customTags: (tags) => [NUMBER_AS_READ, QUOTED, ...tags],
  });
  return yaml;
}

/** What does not show, or turns the order of others round. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/u;

/** Text with characters that do not show, in YAML's own escapes: `"\u202e"`. */
const QUOTED: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => typeof value === 'string' && UNSEEN.test(value),
  resolve: (text) => text,
  stringify: ({ value }) => JSON.stringify(value).replace(new RegExp(UNSEEN, 'gu'), escaped),
};

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const [letter, digits]: [string, number] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).padStart(digits, '0')}`;
}

/** Shows a number as the API server tells it. */
const NUMBER_AS_READ: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => value instanceof RawNumber,
  resolve: (text) => text,
  stringify: ({ value }) => String(value),
};

const FIRST = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isMap(value)) return value;
  const rank = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  const keys = Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(keys.filter((key) => value[key] !== undefined).map((key) => [key, ordered(value[key])]));
}

/** Fields that differ, with dotted paths; lists of named things are matched by name. */
export function fieldChanges(before: KubeObject | null, after: KubeObject | null, subresource?: string): FieldChange[] {
  const changes: FieldChange[] = [];
  const left = before ? displayForm(before, subresource) : undefined;
  const right = after ? displayForm(after, subresource) : undefined;
  if (left && right) collect('', left, right, changes);
  return changes;
}

function collect(path: string, before: unknown, after: unknown, changes: FieldChange[]): void {
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      collect(join(path, key), own(before, key), own(after, key), changes);
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [left, right] = [byName(before), byName(after)];
    if (left && right) {
      for (const key of new Set([...left.keys(), ...right.keys()])) {
        collect(`${path}[${key}]`, left.get(key), right.get(key), changes);
      }
      return;
    }
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      collect(`${path}[${i}]`, before[i], after[i], changes);
    }
    return;
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    changes.push({ path, before: short(before), after: short(after) });
  }
}

function join(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}["${key}"]`;
  return path ? `${path}.${key}` : key;
}

function short(value: unknown): string | null {
  if (value === undefined) return null;
  return presentable(typeof value === 'string' ? value : JSON.stringify(value), 160);
}
