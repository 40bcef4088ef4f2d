import type { Finding } from '../domain/finding.ts';
import { foldFindings } from '../domain/fold-findings.ts';
import { refLabel } from '../domain/kube-object.ts';
import { placeOf } from '../domain/target.ts';
import type { CommandIo, OpenApp } from './command-line.ts';
import { parseCommand, rejectPositionals, TARGET_OPTIONS } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { painter } from './paint.ts';
import { commandText } from '../kubectl/command-text.ts';
import { signalLines } from '../signals/told/signal-lines.ts';
import { presentableValue } from '../text/redact.ts';
import { TELEMETRY_OPTIONS, telemetryConfig } from './telemetry-options.ts';

/** `stratus diagnose`: read-only. */
export async function diagnoseCommand(args: string[], io: CommandIo, open: OpenApp): Promise<number> {
  const parsed = parseCommand('diagnose', args, {
    ...TARGET_OPTIONS,
    json: { type: 'boolean' },
    check: { type: 'string', multiple: true },
    ...TELEMETRY_OPTIONS,
  });
  rejectPositionals('diagnose', parsed);
  const app = await open(telemetryConfig(parsed, process.env));
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  const never = new AbortController().signal;
  const { findings, hypotheses, notes, signals, severity, mu, oracles } = presentableValue(
    await app.incidents.diagnose(target, parsed.list('check'), never),
  );
  if (parsed.flag('json')) {
    const items = severity.known ? severity.items : [];
    const reason = severity.known ? {} : { reason: severity.reason };
    io.stdout(
      `${JSON.stringify({ findings: findings.map(jsonFinding), hypotheses, notes, ...(signals ? { signals } : {}), mu: { value: mu, items, oracles, ...reason } })}\n`,
    );
    return EXIT.ok;
  }
  const paint = painter(io.colours.stdout);
  io.stdout(`${placeOf(target)}: severity ${mu ?? 'unknown'}\n`);
  if (!severity.known) io.stdout(`${paint('red', severity.reason)}\n`);
  for (const item of severity.known ? severity.items : []) {
    io.stdout(`  ${paint('yellow', item.message)}\n`);
    const { namespace = target.namespace } = item.asks ?? {};
    if (namespace !== target.namespace)
      io.stdout(
        `    ${paint('dim', `it asks namespace ${namespace}: 'stratus diagnose -n ${namespace}' looks there`)}\n`,
      );
  }
  for (const line of signals ? signalLines(signals, paint) : []) io.stdout(`  ${line}\n`);
  if (findings.length === 0) io.stdout('no findings\n');
  for (const { finding, symptoms } of foldFindings(findings, hypotheses)) {
    io.stdout(findingText(finding, paint));
    for (const symptom of symptoms)
      io.stdout(`  ${paint('dim', 'explains')} ${refLabel(symptom.object)}: ${symptom.message}\n`);
  }
  for (const note of notes) io.stderr(`stratus: ${note}\n`);
  return EXIT.ok;
}

function jsonFinding(finding: Finding): unknown {
  const { fixes, ...rest } = finding;
  return { ...rest, fix: fixes[0]?.commands ?? [], alternatives: fixes.slice(1).map((fix) => fix.commands) };
}

function findingText(finding: Finding, paint: ReturnType<typeof painter>): string {
  const colour = finding.severity === 'critical' ? 'red' : 'yellow';
  const lines = [
    `\n${paint(colour, finding.severity)} ${paint('bold', refLabel(finding.object))} [${finding.rule}]`,
    `  ${finding.message}`,
  ];
  for (const { field, text } of finding.evidence)
    lines.push(`  ${paint('dim', '·')} ${field ? `${field}: ` : ''}${text}`);
  const [fix] = finding.fixes;
  for (const argv of fix?.commands ?? []) lines.push(`  ${paint('green', commandText(argv))}`);
  if (!fix) lines.push(paint('dim', `  no fix is known${finding.unfixed ? `: ${finding.unfixed}` : ''}`));
  return `${lines.join('\n')}\n`;
}
