import type { KubeObject } from '../domain/kube-object.ts';
import { printJson } from '../json/lossless-json.ts';
import { RawNumber } from '../json/raw-number.ts';
import { counted } from '../text/plain-text.ts';
import { untrustedLine, withoutCredentials } from '../text/redact.ts';

/** Fields that every write changes and that tell a reader nothing. */
const NOISE = [
  '/metadata/managedFields',
  '/metadata/resourceVersion',
  '/metadata/generation',
  '/metadata/uid',
  '/metadata/creationTimestamp',
  '/status',
];
const LIMIT = 12;
const LINE = 2_000;

/** `- spec.replicas: 0` / `+ spec.replicas: 2` lines of a rehearsed change, at most a dozen. */
export function changedLines(before: KubeObject | null, after: KubeObject | null): string[] {
  const shown = withoutCredentials({ before, after });
  const [old, now] = [leaves(shown.before), leaves(shown.after)];
  const lines: string[] = [];
  for (const path of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    if (old.get(path) === now.get(path)) continue;
    if (old.has(path)) lines.push(untrustedLine(`- ${path}: ${old.get(path)}`, LINE));
    if (now.has(path)) lines.push(untrustedLine(`+ ${path}: ${now.get(path)}`, LINE));
  }
  return lines.length > LIMIT ? [...lines.slice(0, LIMIT), `  … ${counted(lines.length - LIMIT, 'more line')}`] : lines;
}

function leaves(object: KubeObject | null): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string, pointer: string): void => {
    if (NOISE.includes(pointer)) return;
    if (Array.isArray(value)) value.forEach((child, index) => walk(child, `${path}[${index}]`, `${pointer}/${index}`));
    else if (value !== null && typeof value === 'object' && !(value instanceof RawNumber)) {
      for (const [key, child] of Object.entries(value)) walk(child, path ? `${path}.${key}` : key, `${pointer}/${key}`);
    } else if (value !== undefined) found.set(path, printJson(value));
  };
  if (object) walk(object, '', '');
  return found;
}
