import type { StratusApp } from '../run/app.ts';
import type { IncidentRun } from '../run/incident/incident-run.ts';
import { durationText } from '../text/amount.ts';
import { presentable } from '../text/redact.ts';
import type { CommandIo } from './command-line.ts';
import { wasStopped } from './command-line.ts';
import { EXIT, exitCodeOfUndo } from './exit-code.ts';
import { undoText } from './undo-text.ts';

/** Where a person is asked, what was kept is watched for this long (paper and sources: 5 min). */
export const USUAL_WATCH_S = 300;

/**
 * Watches what a run kept; what gets worse is taken back, at once where nobody is asked.
 * @returns the exit code where something was taken back; null where the run's own stands
 */
export async function watchAfterRun(
  app: StratusApp,
  run: IncidentRun,
  seconds: number,
  unattended: boolean,
  io: CommandIo,
): Promise<number | null> {
  if (run.state.committed.length === 0) return null;
  const stop = new AbortController();
  const interrupt = io.onInterrupt(() => stop.abort(new Error('stopped')));
  const tell = (text: string) => io.stderr(`stratus: ${presentable(text, 500)}\n`);
  tell(`watching what was kept for ${durationText(seconds * 1_000)}; Ctrl-C ends the watch and keeps it`);
  const askUndo = async (reason: string, signal: AbortSignal, others: boolean): Promise<boolean> => {
    tell(`worse since the change was kept: ${reason}`);
    if (others && (unattended || !io.confirm)) {
      tell('it stays as it is: whether that comes of the change is for a person to say (stratus undo takes it back)');
      return false;
    }
    return unattended || !io.confirm ? unattended : io.confirm('Take the change back?', signal);
  };
  try {
    const outcome = await app.incidents.watchKept(run, { durationMs: seconds * 1_000, tell, askUndo }, stop.signal);
    if (outcome.outcome === 'held') tell('nothing of what it touched got worse');
    if (outcome.outcome === 'unknown') tell(`how it went on is not known: ${outcome.reason}`);
    if (outcome.outcome !== 'regressed' || outcome.undone.length === 0) return null;
    for (const { tx, result } of outcome.undone) io.stdout(undoText(tx, result, io.colours.stdout));
    const codes = outcome.undone.map(({ result }) => exitCodeOfUndo(result));
    return codes.find((code) => code !== EXIT.ok) ?? EXIT.restored;
  } catch (error) {
    if (wasStopped(error, stop.signal)) return null;
    throw error;
  } finally {
    interrupt.dispose();
  }
}
