import { foldFindings } from '../../domain/fold-findings.ts';
import type { Finding } from '../../domain/finding.ts';
import { SOURCE_TEXT } from '../../domain/finding.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { SeverityItem } from '../../domain/severity.ts';
import { aboutOf, spokenOf } from '../../domain/severity.ts';
import type { Target } from '../../domain/target.ts';
import { commandText } from '../../kubectl/command-text.ts';
import type { Diagnosis, NamespaceDiagnosis } from '../../run/incidents.ts';
import { unpainted } from '../../signals/told/paint.ts';
import { signalLines } from '../../signals/told/signal-lines.ts';
import { zonedTime } from '../../text/local-time.ts';
import { counted } from '../../text/plain-text.ts';
import { blockMarkdown, codeMarkdown, plainMarkdown } from '../views/markdown-text.ts';

/** Longest evidence or command that is shown. */
const LONG = 2_000;
/** Namespaces that are named with what was noted of them. */
const NAMED = 3;

/**
 * A diagnosis as a Markdown document: what is wrong and why, by namespace; what is healthy in one line.
 * @param unasked request checks that were not run
 */
export function diagnosisText(
  target: Target,
  results: readonly NamespaceDiagnosis[],
  at: Date,
  unasked: readonly string[] = [],
): string {
  const troubled = results.filter((one) => 'diagnosis' in one && isTroubled(one.diagnosis));
  const unread = results.flatMap((one) => ('problem' in one ? [one] : []));
  const healthy = results.filter((one) => 'diagnosis' in one && !troubled.includes(one));
  const lines = [
    `# ${title(results, troubled.length)}`,
    '',
    `Context ${codeMarkdown(target.context)} (${codeMarkdown(target.server)}), read ${zonedTime(at)}. Nothing was changed.`,
  ];
  if (troubled.length > 0)
    lines.push(
      '',
      'Logs, events, descriptions and YAML of what is named here: **Stratus: Open Logs, Events, YAML…** in the Command Palette.',
    );
  if (unasked.length > 0) {
    const names = unasked.map((check) => codeMarkdown(check.slice(0, check.indexOf('=')))).join(', ');
    lines.push('', `Checks that belong to no namespace were not run: ${names}. Diagnose one namespace to run them.`);
  }
  for (const one of troubled) if ('diagnosis' in one) lines.push(...namespaceLines(one.namespace, one.diagnosis));
  if (unread.length > 0) lines.push('', '## Could not be read', '');
  lines.push(...unread.map(({ namespace, problem }) => `- ${codeMarkdown(namespace)}: ${plainMarkdown(problem)}`));
  if (healthy.length > 0)
    lines.push('', '## Nothing wrong', '', healthy.map(({ namespace }) => codeMarkdown(namespace)).join(', '));
  lines.push(...beside(results, healthy));
  return `${lines.join('\n')}\n`;
}

/** What is to be said although nothing is wrong: all of it of one namespace, of many what was noted, each once. */
function beside(results: readonly NamespaceDiagnosis[], healthy: readonly NamespaceDiagnosis[]): string[] {
  const read = healthy.flatMap((one) => ('diagnosis' in one ? [one] : []));
  const [only] = read;
  const seen = results.length === 1 && only ? evidenceLines(only.diagnosis.signals) : [];
  const notes = Map.groupBy(
    read.flatMap(({ namespace, diagnosis }) => diagnosis.notes.map((note) => ({ namespace, note }))),
    ({ note }) => note,
  );
  const noted = [...notes].map(([note, list]) => {
    const names = list.slice(0, NAMED).map(({ namespace }) => codeMarkdown(namespace));
    const more = list.length > NAMED ? ` and ${list.length - NAMED} more` : '';
    return `- ${plainMarkdown(note)}${results.length === 1 ? '' : ` (${names.join(', ')}${more})`}`;
  });
  return [...seen, ...(noted.length > 0 ? ['', ...noted] : [])];
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
  const read = results.flatMap((one) => ('diagnosis' in one ? [one.diagnosis] : []));
  const causes = read.flatMap(causesOf).length;
  const open = read.flatMap(unexplained).length;
  const unknown = open > 0 ? `, ${open} of what is wrong without a known cause` : '';
  return `${counted(causes, 'cause')} found in ${where}${unknown}${missing}`;
}

function isTroubled({ severity, findings }: Diagnosis): boolean {
  return !severity.known || severity.items.length > 0 || findings.some((finding) => finding.severity !== 'info');
}

/** Items of severity that no finding speaks of. */
function unexplained({ severity, findings }: Diagnosis): SeverityItem[] {
  if (!severity.known) return [];
  const named = [...new Set(findings.flatMap(objectsOf).map(refLabel))];
  return severity.items.filter((item) => {
    const refs = [...spokenOf(item), ...(item.asks ? [item.asks] : [])];
    if (refs.length === 0) return findings.length === 0;
    return !refs.some((ref) => {
      // Pods that evidence speaks of carry the name of what made them.
      const below = `Pod/${ref.namespace ? `${ref.namespace}/` : ''}${ref.name}-`;
      return named.some((name) => name === refLabel(ref) || name.startsWith(below));
    });
  });
}

function objectsOf({ object, evidence }: Finding): ObjectRef[] {
  return [object, ...evidence.flatMap((one) => (one.object ? [one.object] : []))];
}

/** Objects by what is said of them: causes first, then what is wrong without one. */
export function namedObjects(diagnosis: Diagnosis): { what: string; objects: ObjectRef[] }[] {
  const causes = causesOf(diagnosis).map(({ finding, symptoms }) => {
    return { what: finding.message, objects: [finding, ...symptoms].flatMap(objectsOf) };
  });
  const others = unexplained(diagnosis).flatMap((item) => {
    const ref = aboutOf(item);
    return ref ? [{ what: item.message, objects: [ref] }] : [];
  });
  return [...causes, ...others];
}

function causesOf({ findings, hypotheses }: Diagnosis): { finding: Finding; symptoms: Finding[] }[] {
  return foldFindings(findings, hypotheses);
}

function namespaceLines(namespace: string, diagnosis: Diagnosis): string[] {
  const { severity, notes } = diagnosis;
  const lines = ['', `## ${plainMarkdown(namespace)}`, ''];
  if (!severity.known) lines.push(`Severity is unknown: ${plainMarkdown(severity.reason)}`, '');
  const open = unexplained(diagnosis);
  for (const item of severity.known ? severity.items : [])
    lines.push(`- ${plainMarkdown(item.message)}${open.includes(item) ? ': **no cause was found for it**' : ''}`);
  lines.push(...evidenceLines(diagnosis.signals));
  const causes = causesOf(diagnosis);
  if (causes.length === 0) lines.push('', 'No cause was found.');
  for (const { finding, symptoms } of causes) lines.push('', ...findingLines(finding, symptoms));
  for (const note of notes) lines.push('', `*${plainMarkdown(note)}*`);
  return lines;
}

/** As the terminal has it. */
function evidenceLines(signals: Diagnosis['signals']): string[] {
  const lines = signals ? signalLines(signals, unpainted) : [];
  return lines.length > 0 ? ['', 'What telemetry shows:', '', ...blockMarkdown(lines)] : [];
}

function findingLines(finding: Finding, symptoms: Finding[]): string[] {
  const lines = [`### ${plainMarkdown(finding.message)}`, '', `${plainMarkdown(refLabel(finding.object))}`, ''];
  for (const { source, object, field, text } of finding.evidence) {
    const where = [object && codeMarkdown(refLabel(object)), field && codeMarkdown(field)].filter(Boolean).join(' ');
    lines.push(`- ${SOURCE_TEXT[source]}${where ? ` ${where}` : ''}: ${codeMarkdown(text, LONG)}`);
  }
  const [fix] = finding.fixes;
  if (!fix) lines.push('', `**No fix is known**${finding.unfixed ? `: ${plainMarkdown(finding.unfixed)}` : ''}.`);
  else
    lines.push('', 'Would mend it:', '', ...fix.commands.map((argv) => `- ${codeMarkdown(commandText(argv), LONG)}`));
  if (symptoms.length > 0)
    lines.push('', 'Explains:', '', ...symptoms.map(({ message }) => `- ${plainMarkdown(message)}`));
  return lines;
}
