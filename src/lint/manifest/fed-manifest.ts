import { DYNAMIC } from '../../kubectl/flag-values.ts';
import { lastFlag } from '../../kubectl/parse.ts';
import { remarksOnDelete } from '../applied-files.ts';
import { isProtected } from '../check-call.ts';
import type { JudgedCall } from '../judge-call.ts';
import { raised } from '../config.ts';
import type { LintConfig } from '../config.ts';
import type { Finding } from '../finding.ts';
import { documentRange } from '../source-text.ts';
import { maskTemplates } from '../yaml/mask.ts';
import { parseYaml } from '../yaml/yaml-tree.ts';
import { checkManifests } from './check-manifest.ts';

const WRITERS = new Set(['apply', 'create', 'replace']);

/** Findings about a manifest that stands in a script and is handed to a command on standard input. */
export function findingsOfInput(judged: JudgedCall, config: LintConfig): Finding[] {
  const { parsed, effect } = judged.judgement;
  const { input } = judged.call;
  if (!input || !parsed.ok || !effect?.writes || lastFlag(parsed, 'filename')?.value !== '-') return [];
  const guarded = isProtected(judged, config);
  const findings =
    effect.command === 'delete'
      ? onDelete(input.text, config)
      : WRITERS.has(effect.command)
        ? onWrite(input.text, config)
        : [];
  return findings.map(({ start, end, severity, fix: _unplaced, ...finding }) => ({
    ...finding,
    severity: guarded ? (raised(severity) as Finding['severity']) : severity,
    message: finding.message.replaceAll(DYNAMIC, '…'),
    ...documentRange(input, start, end),
  }));
}

function onDelete(text: string, config: LintConfig): Finding[] {
  return remarksOnDelete(text, config).flatMap(({ rule, severity, start, message }) => {
    const end = start + (/^\S*/.exec(text.slice(start))?.[0].length ?? 0);
    return [{ rule, severity, start, end, message }];
  });
}

function onWrite(text: string, config: LintConfig): Finding[] {
  try {
    return checkManifests(parseYaml(maskTemplates(text)), config, text.includes('{{') || text.includes(DYNAMIC));
  } catch {
    // Nested deeper than can be followed; kubectl would refuse it as well.
    return [];
  }
}
