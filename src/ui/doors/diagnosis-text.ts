import { foldFindings } from '../../domain/fold-findings.ts';
import type { Finding } from '../../domain/finding.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Target } from '../../domain/target.ts';
import { commandText } from '../../kubectl/command-text.ts';
import type { Diagnosis, NamespaceDiagnosis } from '../../run/app.ts';
import { counted } from '../../text/plain-text.ts';
import { codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';

/** Longest evidence or command that is shown. */
const LONG = 2_000;

/** A diagnosis as a Markdown document: what is wrong and why, by namespace; what is healthy in one line. */
export function diagnosisText(target: Target, results: readonly NamespaceDiagnosis[], at: Date): string {
  const troubled = results.filter((one) => 'diagnosis' in one && isTroubled(one.diagnosis));
  const unread = results.flatMap((one) => ('problem' in one ? [one] : []));
  const healthy = results.filter((one) => 'diagnosis' in one && !troubled.includes(one));
  const lines = [
    `# ${title(results, troubled.length)}`,
    '',
    `Context ${codeMarkdown(target.context)} (${codeMarkdown(target.server)}), read ${at.toLocaleString()}. Nothing was changed.`,
  ];
  for (const one of troubled) if ('diagnosis' in one) lines.push(...namespaceLines(one.namespace, one.diagnosis));
  if (unread.length > 0) lines.push('', '## Could not be read', '');
  lines.push(...unread.map(({ namespace, problem }) => `- ${codeMarkdown(namespace)}: ${plainMarkdown(problem)}`));
  if (healthy.length > 0)
    lines.push('', '## Nothing wrong', '', healthy.map(({ namespace }) => codeMarkdown(namespace)).join(', '));
  return `${lines.join('\n')}\n`;
}

/** How many causes were found, in one sentence. */
export function diagnosisHeadline(results: readonly NamespaceDiagnosis[]): string {
  return title(results, results.filter((one) => 'diagnosis' in one && isTroubled(one.diagnosis)).length);
}

function title(results: readonly NamespaceDiagnosis[], troubled: number): string {
  const [only] = results;
  const where = results.length === 1 && only ? only.namespace : `${troubled} of ${results.length} namespaces`;
  const unread = results.filter((one) => 'problem' in one).length;
  const missing = unread > 0 ? `, ${unread} could not be read` : '';
  if (troubled === 0)
    return `Nothing wrong was found in ${results.length === 1 && only ? only.namespace : `${results.length - unread} namespaces`}${missing}`;
  const causes = results.flatMap((one) => ('diagnosis' in one ? causesOf(one.diagnosis) : [])).length;
  return `${counted(causes, 'cause')} found in ${where}${missing}`;
}

function isTroubled({ severity, findings }: Diagnosis): boolean {
  return !severity.known || severity.items.length > 0 || findings.some((finding) => finding.severity !== 'info');
}

function causesOf({ findings, hypotheses }: Diagnosis): { finding: Finding; symptoms: Finding[] }[] {
  return foldFindings(findings, hypotheses);
}

function namespaceLines(namespace: string, diagnosis: Diagnosis): string[] {
  const { severity, notes } = diagnosis;
  const lines = ['', `## ${plainMarkdown(namespace)}`, ''];
  if (!severity.known) lines.push(`Severity is unknown: ${plainMarkdown(severity.reason)}`, '');
  else for (const item of severity.items) lines.push(`- ${plainMarkdown(item.message)}`);
  const causes = causesOf(diagnosis);
  if (causes.length === 0) lines.push('', 'No cause was found.');
  for (const { finding, symptoms } of causes) lines.push('', ...findingLines(finding, symptoms));
  for (const note of notes) lines.push('', `*${plainMarkdown(note)}*`);
  return lines;
}

function findingLines(finding: Finding, symptoms: Finding[]): string[] {
  const lines = [`### ${plainMarkdown(finding.message)}`, '', `${plainMarkdown(refLabel(finding.object))}`, ''];
  for (const { source, field, text } of finding.evidence)
    lines.push(`- ${source}${field ? ` ${codeMarkdown(field)}` : ''}: ${codeMarkdown(text, LONG)}`);
  const [fix] = finding.fixes;
  if (!fix) lines.push('', `**No fix is known**${finding.unfixed ? `: ${plainMarkdown(finding.unfixed)}` : ''}.`);
  else
    lines.push('', 'Would mend it:', '', ...fix.commands.map((argv) => `- ${codeMarkdown(commandText(argv), LONG)}`));
  if (symptoms.length > 0)
    lines.push('', 'Explains:', '', ...symptoms.map(({ message }) => `- ${plainMarkdown(message)}`));
  return lines;
}
