import type { StratusApp } from '../run/app.ts';
import type { FoundModel, ModelProbe } from '../run/models.ts';
import { didYouMean } from '../text/edit-distance.ts';
import { oneLine } from '../text/plain-text.ts';
import type { CommandIo } from './command-line.ts';
import { parseCommand } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { UsageError } from './usage.ts';

const ACTIONS = ['find', 'test'] as const;

/** `stratus model find | test`. */
export async function modelCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('model', args, { json: { type: 'boolean' } });
  const [word, extra] = parsed.positionals;
  const action = ACTIONS.find((one) => one === word);
  if (extra !== undefined || !action) {
    const meant = didYouMean(word ?? '', ACTIONS);
    throw new UsageError(`model: one of ${ACTIONS.join(', ')}${meant || "; see 'stratus model --help'"}`);
  }
  const app = await open();
  const stop = new AbortController();
  const interrupt = io.onInterrupt(() => stop.abort(new Error('stopped')));
  try {
    return action === 'find'
      ? await find(app, io, parsed.flag('json'), stop.signal)
      : await test(app, io, parsed.flag('json'), stop.signal);
  } finally {
    interrupt.dispose();
  }
}

async function find({ models }: StratusApp, io: CommandIo, json: boolean, signal: AbortSignal): Promise<number> {
  const found = await models.find(signal);
  const configured = models.configured();
  if (json) {
    io.stdout(`${JSON.stringify({ type: 'models', configured, found })}\n`);
    return EXIT.ok;
  }
  io.stdout(`configured: ${configured === null ? 'none' : oneLine(configured)}\n`);
  for (const one of found) io.stdout(`${foundText(one)}\n`);
  if (found.length === 0) io.stdout('no model server answers on the usual ports of this machine\n');
  else if (configured === null) {
    const [{ baseUrl, model }] = found as [FoundModel];
    io.stdout(`to use one: export STRATUS_MODEL_URL=${oneLine(baseUrl)} STRATUS_MODEL=${oneLine(model)}\n`);
  }
  return EXIT.ok;
}

function foundText({ server, model, baseUrl }: FoundModel): string {
  return `${oneLine(model)}  ${oneLine(server)} at ${oneLine(baseUrl)}`;
}

async function test({ models }: StratusApp, io: CommandIo, json: boolean, signal: AbortSignal): Promise<number> {
  const tell = (probe: ModelProbe) => {
    if (json) io.stdout(`${JSON.stringify({ type: 'probe', ...probe })}\n`);
    else
      io.stdout(
        `${probe.works ? 'works' : 'fails'}  ${probe.name}: ${oneLine(probe.text)} (${(probe.milliseconds / 1000).toFixed(1)} s)\n`,
      );
  };
  if (!json) io.stderr(`asking ${oneLine(models.configured() ?? 'no model')}; five probes\n`);
  const probes = await models.probe(signal, tell);
  if (probes.every(({ works }) => works)) return EXIT.ok;
  return probes.some(({ works }) => works) ? EXIT.refused : EXIT.error;
}
