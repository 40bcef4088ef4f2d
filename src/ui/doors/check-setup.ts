import * as vscode from 'vscode';
import type { CheckableService } from '../../run/looks.ts';
import type { Target } from '../../domain/target.ts';
import type { AppLease } from '../editor/app-loader.ts';
import { Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { Choice, Prompts } from '../editor/prompts.ts';
import type { TargetPicker } from '../editor/target-picker.ts';

/** Sets up a request check: which Service or address, under which name; kept in the settings. */
export class CheckSetup {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #targets: TargetPicker;

  constructor(lease: () => Promise<AppLease>, prompts: Prompts, targets: TargetPicker) {
    this.#lease = lease;
    this.#prompts = prompts;
    this.#targets = targets;
  }

  /** @param known the target of a run that has no check; asked for without */
  async add(known?: Target): Promise<void> {
    const { app, release } = await this.#lease();
    try {
      const target =
        known ??
        (await this.#targets.pick(app, {
          title: vscode.l10n.t('Add a check'),
          then: vscode.l10n.t('Next you choose what is asked'),
        }));
      if (!target) return;
      const url = await this.#prompts.pick<string>({
        title: vscode.l10n.t('Add a check: what shows that users of {0} are served?', target.namespace),
        placeholder: vscode.l10n.t('A Service is asked through the API server; or type a URL with its path'),
        choices: [],
        more: app.looks.services(target).then((services) => services.map((one) => choiceOf(target.namespace, one))),
        typed: (text) => (app.looks.checkProblem(`check=${text}`) === '' ? { label: text, value: text } : null),
      });
      if (!url) return;
      const checks = readSetting(Setting.checks);
      const check = `${freeName(url, checks)}=${url}`;
      const problem = app.looks.checkProblem(check);
      if (problem) throw new Error(problem);
      if (!checks.some((one) => one.slice(one.indexOf('=') + 1) === url)) await store([...checks, check]);
      const open = vscode.l10n.t('Open Settings');
      const answer = await this.#prompts.notify(
        'info',
        vscode.l10n.t('{0} is asked from the next run on; a new failure there undoes a change.', check),
        open,
      );
      if (answer === open) await vscode.commands.executeCommand('workbench.action.openSettings', Setting.checks);
    } finally {
      release();
    }
  }
}

function choiceOf(namespace: string, { name, port, portName }: CheckableService): Choice<string> {
  const url = `svc://${namespace}/${name}:${port}/`;
  return { label: url, description: portName, value: url };
}

/** The Service's or host's own name, with a number when it is taken. */
function freeName(url: string, checks: readonly string[]): string {
  const [, service] = /^svc:\/\/[^/]+\/(?:https?:)?([^/:]+)/.exec(url) ?? [];
  const host = /^https?:\/\/(?:[^/@]*@)?([^/:?#]+)/.exec(url)?.[1];
  const name = (service ?? host ?? 'check').replace(/[^\w.-]/g, '-').slice(0, 50);
  const taken = new Set(checks.map((one) => one.slice(0, one.indexOf('='))));
  for (let number = 1; ; number++) {
    const wanted = number === 1 ? name : `${name}-${number}`;
    if (!taken.has(wanted)) return wanted;
  }
}

/** Where checks are set already, else for this workspace, else for all windows. */
async function store(checks: string[]): Promise<void> {
  const configuration = vscode.workspace.getConfiguration();
  const set = configuration.inspect(Setting.checks);
  const { Global, Workspace } = vscode.ConfigurationTarget;
  const inWorkspace = vscode.workspace.workspaceFolders !== undefined && set?.globalValue === undefined;
  await configuration.update(
    Setting.checks,
    checks,
    set?.workspaceValue !== undefined || inWorkspace ? Workspace : Global,
  );
}
