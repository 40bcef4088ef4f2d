import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal } from '../domain/transaction.ts';
import type { CommandResult, Shell } from './shell.ts';
import type { Sessions } from './sessions.ts';
import type { ShellMode, ShellSession } from './shell-session.ts';

export class GatewayShell implements Shell {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async rehearse(target: Target, argv: string[], signal: AbortSignal): Promise<StepRehearsal> {
    return (await this.#sessions.of(target)).rehearseStep({ argv }, signal);
  }

  async run(target: Target, argv: string[], accept: Acceptance[], signal: AbortSignal): Promise<CommandResult> {
    return (await this.#sessions.of(target)).runStep({ argv }, accept, signal);
  }

  async open(
    target: Target,
    mode: ShellMode,
    signal = new AbortController().signal,
    accept: Acceptance[] = [],
  ): Promise<ShellSession> {
    const session = await this.#sessions.of(target);
    return mode === 'read' ? session.openReadShell() : session.writer.openShell(signal, accept);
  }
}
