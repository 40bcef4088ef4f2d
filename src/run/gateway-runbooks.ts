import { StratusError } from '../domain/stratus-error.ts';
import type { ActionCall } from '../domain/action.ts';
import type { Target } from '../domain/target.ts';
import type { Acceptance, StepRehearsal } from '../domain/transaction.ts';
import { pinnedContainer } from '../kube/pinned-container.ts';
import type { ActionRequest, Runbooks } from './runbooks.ts';
import type { CommandResult } from './shell.ts';
import type { RunbookFile, RunbookLibrary } from './runbook-library.ts';
import type { Sessions } from './sessions.ts';

export class GatewayRunbooks implements Runbooks {
  readonly #library: RunbookLibrary;
  readonly #sessions: Sessions;

  constructor(library: RunbookLibrary, sessions: Sessions) {
    this.#library = library;
    this.#sessions = sessions;
  }

  list(): Promise<RunbookFile[]> {
    return this.#library.files();
  }

  read(what: string, folder: string): Promise<RunbookFile> {
    return this.#library.read(what, folder);
  }

  allow(file: RunbookFile): Promise<void> {
    return this.#library.allow(file);
  }

  forbid(name: string): Promise<boolean> {
    return this.#library.forbid(name);
  }

  async pin(target: Target, { name, pod, container, inputs }: ActionRequest): Promise<ActionCall> {
    const known = (await this.#library.known()).find((one) => one.name === name);
    if (!known?.allowed)
      throw new StratusError(
        'usage',
        known
          ? `action ${name} is not allowed: 'stratus runbook show ${name}' shows it, 'stratus runbook allow ${name}' allows it`
          : `there is no action '${name}': 'stratus runbook list' tells which there are`,
      );
    const { reader } = await this.#sessions.of(target);
    const live = await reader.get({ apiVersion: 'v1', kind: 'Pod', namespace: target.namespace, name: pod });
    if (!live) throw new StratusError('usage', `there is no Pod ${target.namespace}/${pod}`);
    const names = ((live.spec?.containers ?? []) as { name: string }[]).map((one) => one.name);
    const wanted = container ?? (names.length === 1 ? names[0]! : '');
    if (!names.includes(wanted))
      throw new StratusError('usage', `Pod ${pod} has the containers ${names.join(', ')}: choose one with --container`);
    const at = pinnedContainer(live, wanted);
    if (!at) throw new StratusError('usage', `container ${wanted} of Pod ${pod} does not run`);
    return { name, digest: known.digest, at, inputs };
  }

  async rehearse(target: Target, action: ActionCall, signal: AbortSignal): Promise<StepRehearsal> {
    return (await this.#sessions.of(target)).rehearseStep({ action }, signal);
  }

  async run(target: Target, action: ActionCall, accept: Acceptance[], signal: AbortSignal): Promise<CommandResult> {
    return (await this.#sessions.of(target)).runStep({ action }, accept, signal);
  }
}
