import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { refLabel } from '../../domain/kube-object.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import type { Acceptance, RehearsedWrite, StepRehearsal } from '../../domain/transaction.ts';
import { lastFlag, parseKubectl } from '../../kubectl/parse.ts';
import type { StratusApp } from '../../run/app.ts';
import type { CommandResult } from '../../run/shell.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { ScriptCommand } from '../editor/contributions.ts';
import { Command } from '../editor/contributions.ts';
import type { Log } from '../editor/log.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { ObjectDocuments } from '../views/object-documents.ts';
import type { Prompts } from '../editor/prompts.ts';
import { mayWriteTo } from '../editor/protected-context.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import type { UndoActions } from '../undo/undo-actions.ts';
import { undoFate } from '../undo/undo-fate.ts';
import { commandText } from '../../kubectl/command-text.ts';

/** Objects whose difference is opened by itself; the others are named in the message. */
const SHOWN = 3;

/** What the code lenses above kubectl commands of a script do: rehearse, or run as a transaction of its own. */
export class LintCommands {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #targets: TargetPicker;
  readonly #documents: ObjectDocuments;
  readonly #undo: UndoActions;
  readonly #log: Log;

  /** A lease: a change of settings must not close the connection of a command that is rehearsed or runs. */
  constructor(
    lease: () => Promise<AppLease>,
    prompts: Prompts,
    targets: TargetPicker,
    documents: ObjectDocuments,
    undo: UndoActions,
    log: Log,
  ) {
    this.#lease = lease;
    this.#targets = targets;
    this.#prompts = prompts;
    this.#documents = documents;
    this.#undo = undo;
    this.#log = log;
  }

  /** Server dry-run of the command on a target that is asked for; changes nothing. */
  async rehearse(command?: ScriptCommand): Promise<void> {
    const checked = this.#check(command);
    const rehearsed = await this.#leased(async (app) => {
      const prepared = await this.#prepare(app, checked, vscode.l10n.t('Rehearse command'));
      if (!prepared) return null;
      const rehearsal = await this.#rehearsal(app, prepared.target, prepared.argv);
      await this.#show(rehearsal);
      return { target: prepared.target, rehearsal };
    });
    if (!rehearsed) return;
    const { target, rehearsal } = rehearsed;
    const run = vscode.l10n.t('Run in Transaction');
    const actions = rehearsal.writes.length > 0 ? [run] : [];
    // Not awaited and without a lease: a notification stays until someone closes it.
    void this.#prompts
      .notify('info', vscode.l10n.t('Rehearsed on {0}: {1}.', placeOf(target), forecast(rehearsal.writes)), ...actions)
      .then((answer) =>
        answer === run ? this.#leased((app) => this.#confirmAndRun(app, target, rehearsal)) : undefined,
      )
      .catch((error: unknown) => this.#fail(error));
  }

  /** Rehearses, asks with context and namespace in sight, and runs the command as an undoable transaction. */
  async run(command?: ScriptCommand): Promise<void> {
    const checked = this.#check(command);
    await this.#leased(async (app) => {
      const prepared = await this.#prepare(app, checked, vscode.l10n.t('Run in transaction'));
      if (!prepared || !(await this.#undo.unlessOwed(app, prepared.target))) return;
      const rehearsal = await this.#rehearsal(app, prepared.target, prepared.argv);
      await this.#show(rehearsal);
      await this.#confirmAndRun(app, prepared.target, rehearsal);
    });
  }

  async #leased<T>(work: (app: StratusApp) => Promise<T>): Promise<T> {
    const { app, release } = await this.#lease();
    try {
      return await work(app);
    } finally {
      release();
    }
  }

  #check(command: ScriptCommand | undefined): ScriptCommand {
    if (!vscode.workspace.isTrusted)
      throw new Error('commands of a file run only in a trusted workspace; trust it first');
    if (!command || !isScriptCommand(command)) throw new Error('use the lens above a kubectl command of a script');
    return command;
  }

  async #prepare(app: StratusApp, command: ScriptCommand, purpose: string) {
    const parsed = parseKubectl(command.argv);
    if (!parsed.ok) throw new Error(`this is no kubectl command that can be run: ${commandText(command.argv)}`);
    const named = { context: lastFlag(parsed, 'context')?.value, namespace: lastFlag(parsed, 'namespace')?.value };
    const preset = {
      ...(named.context === undefined ? {} : { context: named.context }),
      ...(named.namespace === undefined ? {} : { namespace: named.namespace }),
    };
    const then = vscode.l10n.t('The command is tried without effect first');
    const target = await this.#targets.pick(app, { title: purpose, then }, preset);
    if (!target) return null;
    for (const what of ['context', 'namespace'] as const) {
      const inCommand = named[what];
      if (inCommand !== undefined && inCommand !== target[what])
        throw new Error(
          `the command names ${what} ${inCommand}, not ${target[what]}: choose that, or edit the command`,
        );
    }
    return { target, argv: withAbsoluteFiles(command) };
  }

  async #rehearsal(app: StratusApp, target: Target, argv: string[]): Promise<StepRehearsal> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Rehearsing on {0}', placeOf(target)),
      cancellable: true,
    };
    const rehearsal = await vscode.window.withProgress(options, (_progress, token) =>
      app.shell.rehearse(target, argv, abortOn(token)),
    );
    if (!rehearsal.ok) {
      const instead = (rehearsal.instead ?? []).map(commandText).join(', then ');
      throw new Error(
        `not run on ${placeOf(target)}: ${rehearsal.problem}${instead && `. This would be let through: ${instead}`}`,
      );
    }
    return rehearsal;
  }

  async #show({ writes }: StepRehearsal): Promise<void> {
    for (const write of writes.slice(0, SHOWN)) {
      await this.#documents.compare({
        ref: write.ref,
        left: write.before,
        right: write.after,
        ...(write.subresource ? { subresource: write.subresource } : {}),
        title: vscode.l10n.t('{0}: now ↔ after the change (dry run)', refLabel(write.ref)),
      });
    }
  }

  async #confirmAndRun(app: StratusApp, target: Target, { argv, writes, needs = [] }: StepRehearsal): Promise<void> {
    if (writes.length === 0) {
      await this.#prompts.notify('info', vscode.l10n.t('Nothing to run: {0} would change nothing.', commandText(argv)));
      return;
    }
    const sure = await this.#prompts.confirm(
      vscode.l10n.t('Run this command in namespace {0} on {1}?', target.namespace, target.context),
      [
        commandText(argv),
        target.server,
        '',
        ...(needs.length > 0 ? [acceptText(needs)] : []),
        ...writes.map(writeLine),
      ].join('\n'),
      needs.length > 0 ? vscode.l10n.t('Accept and Run') : vscode.l10n.t('Run in Transaction'),
    );
    if (!sure) return;
    const purpose = vscode.l10n.t('Type the name of the context to let the command change it');
    if (!(await mayWriteTo(this.#prompts, target.context, purpose))) return;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Running on {0}', placeOf(target)),
    };
    // No cancel: a command that was begun ends committed or undone.
    const done = await vscode.window.withProgress(options, () =>
      app.shell.run(target, argv, needs, new AbortController().signal),
    );
    this.#log.info(
      `${commandText(argv)} on ${placeOf(target)}: exit ${done.result.exitCode}, ${done.tx ?? 'no transaction'}`,
    );
    void this.#tell(target, argv, done).catch((error: unknown) => this.#fail(error));
  }

  async #tell(target: Target, argv: string[], { result, tx, undo }: CommandResult): Promise<void> {
    if (!result.ok) {
      const fate = undo === null ? vscode.l10n.t('Nothing was changed.') : undoFate(undo).text;
      await this.#prompts.notify('error', `${result.problem || result.stderr || commandText(argv)} ${fate}`);
      return;
    }
    if (tx === null) {
      await this.#prompts.notify('info', vscode.l10n.t('Ran on {0}; nothing was written.', placeOf(target)));
      return;
    }
    const undoIt = vscode.l10n.t('Undo');
    const message = vscode.l10n.t('Done on {0}: {1}', placeOf(target), result.stdout.trim() || commandText(argv));
    if ((await this.#prompts.notify('info', message, undoIt)) === undoIt)
      await vscode.commands.executeCommand(Command.undoTransaction, { transaction: tx });
  }

  #fail(error: unknown): void {
    this.#log.error(messageOf(error));
    void this.#prompts.notify('error', `Stratus: ${messageOf(error)}`);
  }
}

function isScriptCommand(value: ScriptCommand): boolean {
  return (
    typeof value.uri === 'string' &&
    Array.isArray(value.argv) &&
    value.argv.length > 0 &&
    value.argv.every((word) => typeof word === 'string')
  );
}

function forecast(writes: RehearsedWrite[]): string {
  if (writes.length === 0) return vscode.l10n.t('nothing would change');
  return writes.map(writeLine).join('; ');
}

/** What a person lets through with the button. */
function acceptText(needs: Acceptance[]): string {
  return needs.includes('losses')
    ? vscode.l10n.t('Not all of this can be taken back: what is listed below is gone for good once it ran.')
    : vscode.l10n.t('What follows from this is not known: the content comes back, its effects may not.');
}

function writeLine({ ref, undo }: RehearsedWrite): string {
  const notes = [`undo ${undo.class}`, ...undo.residue, ...(undo.warnings ?? [])];
  return `${refLabel(ref)} (${notes.join(', ')})`;
}

function abortOn(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

/**
 * The argv with `-f` and `-k` paths made absolute: a script is usually started in the workspace's folder, else in its
 * own; the transaction runs somewhere else.
 * @throws Error when a named file is in neither.
 */
function withAbsoluteFiles({ uri, argv }: ScriptCommand): string[] {
  const parsed = parseKubectl(argv);
  if (!parsed.ok) return argv;
  const script = vscode.Uri.parse(uri);
  const workspace = vscode.workspace.getWorkspaceFolder(script)?.uri.fsPath;
  const folders = [...(workspace ? [workspace] : []), ...(script.scheme === 'file' ? [dirname(script.fsPath)] : [])];
  const absolute = (path: string): string => {
    if (path === '-' || isAbsolute(path) || /^[a-z]+:\/\//i.test(path)) return path;
    const found = folders.map((folder) => join(folder, path)).find((candidate) => existsSync(candidate));
    if (!found) throw new Error(`${path} is neither in the workspace folder nor beside the script`);
    return found;
  };
  const words = [...argv];
  for (const { name, value, index, valueIndex } of parsed.flags) {
    if (name !== 'filename' && name !== 'kustomize') continue;
    const paths = value.split(',').map(absolute).join(',');
    const before = index === valueIndex ? words[index]!.slice(0, words[index]!.length - value.length) : '';
    words[valueIndex] = before + paths;
  }
  return words;
}
