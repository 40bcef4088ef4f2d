import type { KubeObject } from '../../domain/kube-object.ts';
import type { CommandEffect } from '../../kubectl/effect.ts';
import type { ParsedCommand } from '../../kubectl/parse.ts';
import { flagIsOn, lastFlag } from '../../kubectl/parse.ts';
import type { ResourceKind } from '../../kubectl/resources.ts';
import type { Conversion, ConversionReads, ConversionScope } from './conversion.ts';
import { UNCHANGED } from './conversion.ts';
import { equalitySelector } from './label-selector.ts';
import { replacePods } from './replace-pods.ts';
import { STOPPABLE, stopInstead } from './stop-workload.ts';

/** Flags whose meaning for a conversion is known; with any other the command is left to the confinement. */
const KNOWN = new Set([
  'namespace', 'context', 'timeout', 'wait', 'grace-period', 'force', 'now', 'cascade', 'ignore-not-found', 'selector',
  'all', 'output',
]); // prettier-ignore

/**
 * A deletion by kind and name (or selector): objects that can be stopped stay, everything else is named one by one, so
 * that what is approved is what goes. Kinds that may never be deleted are left for the gateway to refuse.
 */
export async function convertDelete(
  parsed: ParsedCommand,
  effect: CommandEffect,
  reads: ConversionReads,
  scope: ConversionScope,
): Promise<Conversion> {
  if (parsed.flags.some(({ name }) => !KNOWN.has(name)) || effect.allNamespaces) return UNCHANGED;
  const { targets } = effect;
  if (targets.length === 0 || targets.some(({ kind }) => !kind)) return UNCHANGED;
  const namespace = effect.namespace ?? scope.namespace;
  const objects: KubeObject[] = [];
  for (const { kind, name } of targets) {
    const found = await read(kind!, name, namespace, parsed, reads);
    // What does not exist, or cannot be told by its labels here, is for kubectl and the confinement to judge.
    if (!found) return UNCHANGED;
    objects.push(...found.filter((object) => !object.metadata.deletionTimestamp));
  }
  const isSelection = targets.some(({ name }) => name === undefined);
  if (isSelection && objects.length === 0) return UNCHANGED;

  const commands: string[][] = [];
  const reasons: string[] = [];
  const keep: KubeObject[] = [];
  for (const object of objects.filter(({ kind }) => kind !== 'Pod')) {
    const replacement = STOPPABLE.has(object.kind)
      ? stopInstead(object, (scope.later ?? []).some(createsObjects))
      : { keep: true as const };
    if (replacement.keep) keep.push(object);
    else if ('refused' in replacement) return { outcome: 'refused', reason: replacement.refused };
    else {
      commands.push(withContext(replacement.command, parsed));
      reasons.push(replacement.reason);
    }
  }
  const pods = await replacePods(
    objects.filter(({ kind }) => kind === 'Pod'),
    reads,
  );
  if (pods.refused) return { outcome: 'refused', reason: pods.refused };
  commands.push(...pods.commands.map((command) => withContext(command, parsed)));
  reasons.push(...pods.reasons);
  keep.push(...pods.keep);

  const forced = flagIsOn(parsed, 'force') || flagIsOn(parsed, 'now') || lastFlag(parsed, 'grace-period') !== undefined;
  if (commands.length === 0 && !isSelection && !forced) return UNCHANGED;
  if (forced && keep.length > 0) reasons.push('a forced removal can leave containers running that nobody sees');
  if (isSelection && keep.length > 0) reasons.push('a selector takes whatever matches at that moment; these match now');
  commands.push(...deletions(keep, parsed));
  return { outcome: 'converted', commands, reason: reasons.join('; ') };
}

/** Null: not to be told here. */
async function read(
  kind: ResourceKind,
  name: string | undefined,
  namespace: string,
  parsed: ParsedCommand,
  reads: ConversionReads,
): Promise<KubeObject[] | null> {
  const where = kind.namespaced ? namespace : undefined;
  const apiVersion = kind.group === '' ? 'v1' : `${kind.group}/${kind.group === 'autoscaling' ? 'v2' : 'v1'}`;
  if (name !== undefined) {
    const object = await reads.get({ apiVersion, kind: kind.kind, name, ...(where ? { namespace: where } : {}) });
    return object && [object];
  }
  const selector = lastFlag(parsed, 'selector');
  const matches = selector ? equalitySelector(selector.value) : flagIsOn(parsed, 'all') ? () => true : null;
  if (!matches) return null;
  return (await reads.list({ apiVersion, kind: kind.kind }, where)).filter(matches);
}

/** One deletion per kind and namespace, by name, as gentle as the original allowed. */
function deletions(objects: KubeObject[], parsed: ParsedCommand): string[][] {
  const groups = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const key = `${object.kind} ${object.metadata.namespace ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  const kept = ['timeout', 'wait', 'cascade', 'ignore-not-found'].flatMap((name) => {
    const use = lastFlag(parsed, name);
    return use ? [`--${name}=${use.value}`] : [];
  });
  const bound = kept.some((flag) => /^--(timeout|wait=false)/.test(flag)) ? [] : ['--timeout=60s'];
  return [...groups.values()].map((group) => {
    const [{ kind, metadata }] = group as [KubeObject];
    const names = group.map((object) => object.metadata.name);
    const where = metadata.namespace ? ['-n', metadata.namespace] : [];
    return withContext(['delete', kind.toLowerCase(), ...names, ...where, ...kept, ...bound], parsed);
  });
}

function withContext(command: string[], parsed: ParsedCommand): string[] {
  const context = lastFlag(parsed, 'context');
  return context ? [...command, `--context=${context.value}`] : command;
}

function createsObjects(argv: readonly string[]): boolean {
  return ['create', 'apply', 'expose', 'replace'].some((verb) => argv.includes(verb));
}
