import { judgeCall } from './judge-call.ts';
import type { JudgedCall } from './judge-call.ts';
import type { LintConfig } from './config.ts';
import type { Finding } from './finding.ts';
import { severityOf } from './lint-rules.ts';
import type { Place, Region } from './regions/region.ts';
import { analyzeArgv, analyzeScript } from './shell/analyze-script.ts';
import { foreignLines } from './shell/foreign-lines.ts';
import type { ScriptReport } from './shell/script-report.ts';
import { documentRange } from './source-text.ts';

/** A kubectl invocation of a document, for hover and code lenses. */
export interface DocumentCall extends JudgedCall {
  place: Place;
}

/** What was found in a document, with offsets in it. */
export interface Contents {
  calls: DocumentCall[];
  findings: Finding[];
}

/** A finding about the document as a whole; none when the rule is off. */
export function note(rule: string, message: string, config: LintConfig, end = 0): Finding[] {
  const severity = severityOf(rule, config);
  return severity === 'off' ? [] : [{ rule, severity, start: 0, end, message }];
}

/** Judges every command in `regions` into `contents`. */
export function judgeRegions(regions: readonly Region[], contents: Contents, config: LintConfig): void {
  for (const region of regions) {
    if (region.kind === 'foreign') {
      runForeign(region, contents, config);
      continue;
    }
    if (region.kind === 'unread') {
      contents.findings.push(...unreadNotes({ unread: [region] }, config));
      continue;
    }
    const report =
      region.kind === 'script'
        ? analyzeScript(region.source, { variables: region.variables })
        : analyzeArgv(region.words, region.source);
    const place = region.place ?? 'script';
    for (const call of report.calls) contents.calls.push({ ...judgeCall(call, config), place });
    contents.findings.push(...depthNote(report, config));
    if (place !== 'typed') contents.findings.push(...unreadNotes(report, config));
  }
}

/** Commands that seem to run kubectl in a way that nobody here can follow. */
export function unreadNotes({ unread }: Pick<ScriptReport, 'unread'>, config: LintConfig): Finding[] {
  return unread.flatMap(({ source, start, end, message, rule = 'cannot-verify' }) => {
    const severity = severityOf(rule, config);
    if (severity === 'off') return [];
    const text = rule === 'cannot-verify' ? `${message}, so it cannot be checked; call kubectl directly` : message;
    return [{ rule, severity, ...documentRange(source, start, end), message: text }];
  });
}

/** Lines that mean the same in every shell are judged; for the rest one note says that nobody did. */
function runForeign(region: Region & { kind: 'foreign' }, contents: Contents, config: LintConfig): void {
  const { source, shell } = region;
  const place = region.place ?? 'script';
  const { commands, unread } = foreignLines(source.text, shell);
  for (const words of commands)
    for (const call of analyzeArgv(words, source).calls) contents.calls.push({ ...judgeCall(call, config), place });
  const severity = severityOf('cannot-verify', config);
  if (!unread || place === 'typed' || severity === 'off') return;
  contents.findings.push({
    rule: 'cannot-verify',
    severity,
    ...documentRange(source, unread.start, unread.end),
    message: `${shell} is not analysed, so this command cannot be checked; write it as a line of its own in plain words, or use bash`,
  });
}

export function depthNote(report: ScriptReport, config: LintConfig): Finding[] {
  if (!report.errors.some((error) => error.message.includes('nested too deeply'))) return [];
  return note('not-checked', 'brackets are nested too deeply, so this script was not checked', config);
}
