import { refLabel } from '../domain/kube-object.ts';
import type { ShownSignals } from '../domain/signals-now.ts';
import { placeOf } from '../domain/target.ts';
import type { WatchEvent } from '../run/watch/watch-event.ts';
import { logLines } from '../signals/told/log-lines.ts';
import type { Paint } from '../signals/told/paint.ts';
import { suspectLine } from '../signals/told/signal-lines.ts';
import type { CommandIo, OpenApp } from './command-line.ts';
import { numberOption, parseCommand, rejectPositionals, TARGET_OPTIONS } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { painter } from './paint.ts';
import { TELEMETRY_OPTIONS, telemetryConfig } from './telemetry-options.ts';
import { durationText } from '../text/amount.ts';
import { presentableValue } from '../text/redact.ts';

/** Templates of logs that are told with an incident. */
const NEW_LINES = 2;

/** `stratus watch`: tells of incidents as they open and close; read-only, until it is stopped. */
export async function watchCommand(args: string[], io: CommandIo, open: OpenApp): Promise<number> {
  const parsed = parseCommand('watch', args, {
    ...TARGET_OPTIONS,
    ...TELEMETRY_OPTIONS,
    check: { type: 'string', multiple: true },
    interval: { type: 'string' },
    json: { type: 'boolean' },
    'until-incident': { type: 'boolean' },
  });
  rejectPositionals('watch', parsed);
  const seconds = numberOption('watch', parsed, 'interval', [5, 3_600]);
  const app = await open(telemetryConfig(parsed, process.env));
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  const stop = new AbortController();
  const interrupt = io.onInterrupt(() => stop.abort(new Error('stopped')));
  const paint = painter(io.colours.stdout);
  let failing = false;
  const tell = (event: WatchEvent): void => {
    const shown = presentableValue(event);
    if (parsed.flag('json')) io.stdout(`${JSON.stringify(shown)}\n`);
    // What fails at each look is told once.
    else if (event.type === 'started') event.notes.forEach((note) => io.stderr(`stratus: ${note}\n`));
    else if (event.type !== 'unknown' || !failing) io.stdout(lineOf(shown, target.namespace, paint));
    if (event.type === 'unknown' || event.type === 'known') failing = event.type === 'unknown';
    if (event.type === 'opened' && parsed.flag('until-incident')) stop.abort(new Error('an incident opened'));
  };
  if (!parsed.flag('json')) io.stderr(`watching ${placeOf(target)}; Ctrl-C ends it, nothing is written\n`);
  try {
    await app.incidents.watch(
      { target, checks: parsed.list('check'), ...(seconds === undefined ? {} : { intervalMs: seconds * 1_000 }), tell },
      stop.signal,
    );
  } finally {
    interrupt.dispose();
  }
  return EXIT.ok;
}

function lineOf(event: WatchEvent, namespace: string, paint: Paint): string {
  const time = new Date(event.at).toLocaleTimeString('en-GB');
  switch (event.type) {
    case 'started':
      return '';
    case 'opened': {
      const { incident, diagnosis, signals } = event;
      const { title, since, root, members, count } = incident;
      const [first] = diagnosis?.findings ?? [];
      const more = count > members.length ? `    and ${count - members.length} more\n` : '';
      return [
        `${time} ${paint('red', 'incident')} ${paint('bold', title)} (for ${durationText(Math.max(0, event.at - since))})\n`,
        ...members.slice(0, 5).map(({ message }) => `    ${message}\n`),
        more,
        root ? `    ${paint('dim', 'begins at')} ${refLabel(root.object)}: ${root.reason}\n` : '',
        ...(signals ? evidenceLines(signals, paint) : []).map((line) => `    ${line}\n`),
        first ? `    ${paint('dim', 'cause')} ${first.message}\n` : '',
        `    ${paint('green', `stratus mitigate -n ${namespace}`)}\n`,
      ].join('');
    }
    case 'grew':
      return `${time} ${paint('yellow', 'grew')} ${event.incident.title}: ${event.incident.count} things belong to it\n`;
    case 'closed':
      return `${time} ${paint('green', 'over')} ${event.incident.title}, after ${durationText(event.lastedMs)}\n`;
    case 'noted':
      return [
        ...event.fresh.map((note) => `${time} ${paint('yellow', 'note')} ${note}\n`),
        ...event.gone.map((note) => `${time} no longer: ${note}\n`),
      ].join('');
    case 'unknown': {
      const part = event.isPart ? 'unknown in part' : 'unknown';
      return `${time} ${paint('yellow', part)} ${event.reason}; asked again in ${durationText(event.retryMs)}\n`;
    }
    case 'known':
      return `${time} answers come again\n`;
    case 'slept':
      return `${time} ${paint('yellow', 'slept')} for ${durationText(event.forMs)}; what happened meanwhile is read now\n`;
  }
}

/** Whom traces name, and what logs say that they never said before. */
function evidenceLines(signals: ShownSignals, paint: Paint): string[] {
  const { logs } = signals;
  const fresh = logs?.templates.filter(({ isNew }) => isNew) ?? [];
  const said =
    logs && fresh.length > 0 ? logLines({ ...logs, templates: fresh, more: 0, unknown: null }, paint, NEW_LINES) : [];
  return [...suspectLine(signals), ...said];
}
