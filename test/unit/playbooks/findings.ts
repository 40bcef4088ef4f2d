import { expect } from 'vitest';
import { changedObject } from '../../../src/domain/change.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import { parseKubectl } from '../../../src/kubectl/parse.ts';
import { confine } from '../../../src/kubectl/confine.ts';
import type { World } from './builders.ts';
import { undeclaredReads } from './declared-kinds.ts';

/** Every command of every fix passes the agents' confinement, names its namespace, and holds no control characters. */
export function commandProblems(findings: Finding[]): string[] {
  return findings.flatMap((finding) =>
    finding.fixes.flatMap((fix) =>
      fix.commands.flatMap((argv, index) => {
        // A declared action is no command of kubectl.
        if (fix.changes[index]?.type === 'action') return [];
        const parsed = parseKubectl(argv);
        const text = argv.join(' ');
        if (!parsed.ok) return [`${text}: ${parsed.message}`];
        const confined = confine(['kubectl', ...argv], { files: (fix.files ?? []).map((file) => `{{${file.name}}}`) });
        if (!confined.ok) return [`${text}: ${confined.rule}: ${confined.message}`];
        // Of what lies in no namespace, none can be named.
        const object = changedObject(fix.changes[index]!);
        const clusterWide = object !== null && !object.namespace;
        const namespaces = parsed.flags.filter((flag) => flag.name === 'namespace').map((flag) => flag.value);
        if (!clusterWide && (namespaces.length !== 1 || !namespaces[0])) return [`${text}: no explicit namespace`];
        if (argv.includes('kubectl')) return [`${text}: names kubectl`];
        return /[\u0000-\u001f\u007f]/.test(text) ? [`${text}: control character`] : [];
      }),
    ),
  );
}

export function byRule(findings: Finding[], rule: string): Finding[] {
  return findings.filter((finding) => finding.rule === rule);
}

/** The one finding of `rule` in `world`, whose fixes (and those of every other finding) an agent may run. */
export async function onlyFinding(world: World, rule: string): Promise<Finding> {
  const findings = await world.diagnose();
  expect(commandProblems(findings)).toEqual([]);
  expect(await undeclaredReads(world.context())).toEqual([]);
  const found = byRule(findings, rule);
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** The rule says nothing of `world`, in which what it looks for only seems to be. */
export async function noFinding(world: World, rule: string): Promise<void> {
  expect(byRule(await world.diagnose(), rule)).toEqual([]);
}
