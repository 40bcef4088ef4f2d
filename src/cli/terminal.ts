import type { BlastRadius } from '../domain/blast-radius.ts';
import { blastRadiusText } from '../domain/blast-radius.ts';
import type { RunEvent } from '../domain/run-event.ts';
import { refLabel } from '../domain/kube-object.ts';
import type { Severity } from '../domain/severity.ts';
import { mu } from '../domain/severity.ts';
import type { Phase } from '../domain/run-state.ts';
import { PHASE_TEXT } from '../domain/run-state.ts';
import type { RehearsedWrite, StepRehearsal } from '../domain/transaction.ts';
import { UNDO_CLASS_TEXT } from '../domain/transaction.ts';
import { counted } from '../text/plain-text.ts';
import { commandText } from '../kubectl/command-text.ts';
import { actionLines } from './action-lines.ts';
import { changedLines } from './object-lines.ts';
import { ModelLines } from './model-lines.ts';
import type { Paint } from '../signals/told/paint.ts';
import { signalLines } from '../signals/told/signal-lines.ts';
import { lossText, undoFailure } from './undo-text.ts';

/** How many things are wrong, or why that is not known. */
function severityText(severity: Severity): string {
  return severity.known ? String(mu(severity)) : `unknown (${severity.reason})`;
}

/** Projects the event log onto readable lines; one call per event. */
export class TerminalView {
  readonly #write: (line: string) => void;
  readonly #paint: Paint;
  readonly #models: ModelLines;
  #start = 0;
  #before = '?';
  #phase = '';

  constructor(write: (line: string) => void, paint: Paint) {
    this.#write = write;
    this.#paint = paint;
    this.#models = new ModelLines(paint);
  }

  show(event: RunEvent): void {
    this.#lines(event);
    for (const text of this.#models.lines(event)) this.#line(event, `  ${text}`);
  }

  #lines(event: RunEvent): void {
    const paint = this.#paint;
    switch (event.type) {
      case 'started': {
        this.#start = event.at;
        const { context, namespace, server } = event.target;
        this.#line(event, paint('bold', `Incident ${event.run}`));
        this.#line(event, `target ${paint('bold', context)} namespace ${paint('bold', namespace)} (${server})`);
        return;
      }
      case 'phase':
        if (event.phase !== 'done' && event.phase !== this.#phase)
          this.#line(event, paint('cyan', `● ${PHASE_TEXT[event.phase as Phase] ?? event.phase}`));
        this.#phase = event.phase;
        return;
      case 'detected': {
        this.#before = severityText(event.severity);
        const oracles = Object.entries(event.oracles).map(([name, state]) => `${name}: ${state}`);
        this.#line(event, `  severity ${paint('bold', this.#before)}   (${oracles.join(', ')})`);
        return;
      }
      case 'thought':
        // What streams is printed once it is whole.
        if (event.partial) return;
        this.#line(event, `  ${paint('dim', `${event.agent}:`)} ${event.text}`);
        return;
      case 'converted':
        this.#line(event, `  ${paint('yellow', 'replaced:')} ${commandText(event.from)}`);
        for (const argv of event.to) this.#line(event, `    by ${paint('bold', commandText(argv))}`);
        this.#line(event, `    ${event.reason}`);
        return;
      case 'progress':
        this.#line(event, `  ${paint('dim', event.text)}`);
        return;
      case 'signals':
        for (const text of signalLines(event.shown, paint)) this.#line(event, `  ${text}`);
        return;
      case 'rehearsed':
        event.steps.forEach((step, index) => this.#rehearsal(event, step, event.stepRadii?.[index]));
        if (event.radius) this.#radius(event, event.radius);
        if (event.person) this.#line(event, `  ${paint('yellow', `a person has to look: ${event.person}`)}`);
        return;
      case 'command': {
        const state = event.exitCode === 0 ? paint('green', 'ok') : paint('red', `exit ${event.exitCode}`);
        this.#line(event, `  ${paint('bold', commandText(event.argv))}  ${state}, ${counted(event.writes, 'write')}`);
        for (const line of event.stderr.split('\n').filter(Boolean).slice(0, 5)) this.#line(event, `    ${line}`);
        return;
      }
      case 'stepFailed':
        this.#line(event, `  ${paint('red', event.reason)}`);
        return;
      case 'settled':
        for (const text of event.pending) this.#line(event, `  ${paint('yellow', `still: ${text}`)}`);
        return;
      case 'judged': {
        const state = event.verdict.commit ? paint('green', 'kept') : paint('red', 'undone');
        this.#line(
          event,
          `  severity ${this.#before} → ${severityText(event.severity)}: ${state}, because ${event.verdict.reason}`,
        );
        for (const item of event.verdict.foreign) this.#line(event, `  not ours: ${item.message}`);
        return;
      }
      case 'undone': {
        const { result } = event;
        if (result.outcome === 'undone') {
          this.#line(
            event,
            `  ${paint('green', 'undone and verified')}: before ${result.proof.hashBefore.slice(0, 12)}, now ${result.proof.hashAfter.slice(0, 12)}, ${counted(result.writes, 'write')}`,
          );
          for (const residue of result.proof.residue) this.#line(event, `    still different: ${residue}`);
          for (const loss of result.proof.losses ?? []) this.#line(event, `    ${paint('red', lossText(loss))}`);
          for (const text of result.proof.shortfall ?? []) this.#line(event, `    ${paint('red', text)}`);
        } else {
          this.#line(event, `  ${paint('red', undoFailure(result.outcome))}: ${result.reason}`);
          const differences = result.outcome === 'diverged' ? result.differences : [];
          for (const { ref, path } of differences) this.#line(event, `    ${refLabel(ref)} ${path}`);
        }
        return;
      }
      case 'lockAcquired':
        this.#line(event, `  writer lock taken (${event.level})`);
        return;
      case 'lockLost':
      case 'contextMoved':
        this.#line(event, `  ${paint('red', event.reason)}`);
        return;
      default:
        return;
    }
  }

  /** @param radius of this step, where the plan has several */
  #rehearsal(event: RunEvent, step: StepRehearsal, radius?: BlastRadius): void {
    const paint = this.#paint;
    const note = step.partial ? " (against today's state; rehearsed again before it runs)" : '';
    this.#line(event, `  rehearsed: ${paint('bold', commandText(step.argv))}${note}`);
    if (!step.ok) this.#line(event, `    ${paint('red', step.problem)}`);
    for (const write of step.writes) this.#objectLines(event, write);
    for (const line of step.action ? actionLines(step.action) : []) this.#line(event, `    ${line}`);
    if (radius && step.ok) this.#line(event, `    reaches: ${blastRadiusText(radius).join('; ')}`);
  }

  #radius(event: RunEvent, radius: BlastRadius): void {
    const [first, ...more] = blastRadiusText(radius);
    this.#line(event, `  reaches: ${first}`);
    for (const text of more) this.#line(event, `    ${this.#paint('yellow', text)}`);
  }

  #objectLines(event: RunEvent, write: RehearsedWrite): void {
    const paint = this.#paint;
    const residue = write.undo.residue.length > 0 ? `: ${write.undo.residue.join('; ')}` : '';
    this.#line(event, `    ${refLabel(write.ref)}  undo ${UNDO_CLASS_TEXT[write.undo.class]}${residue}`);
    for (const line of changedLines(write.before, write.after)) {
      this.#line(event, `      ${paint(line.startsWith('-') ? 'red' : 'green', line)}`);
    }
  }

  #line(event: RunEvent, text: string): void {
    const seconds = ((event.at - this.#start) / 1000).toFixed(1).padStart(6);
    this.#write(`${this.#paint('dim', `${seconds}s`)} ${text}\n`);
  }
}
