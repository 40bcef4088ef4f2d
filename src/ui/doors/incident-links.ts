import * as vscode from 'vscode';
import { presentable } from '../../text/redact.ts';
import type { StratusApp } from '../../run/app.ts';
import { Command } from '../editor/contributions.ts';
import type { IncidentLink } from '../editor/incident-link.ts';
import { readIncidentLink } from '../editor/incident-link.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { IncidentSession, SessionList } from '../run/incident-session.ts';
import { shortLocalTime } from '../../text/local-time.ts';

/**
 * Opens incidents from links of alerts and chats. A link never does anything by itself: it shows a run that is under way
 * in this window, or asks, and then the target is asked for as always, with what the link names first.
 */
export class IncidentLinks implements vscode.UriHandler {
  readonly #app: () => Promise<StratusApp>;
  readonly #prompts: Prompts;
  readonly #sessions: SessionList;
  readonly #fail: (error: unknown) => void;

  constructor(app: () => Promise<StratusApp>, prompts: Prompts, sessions: SessionList, fail: (error: unknown) => void) {
    this.#app = app;
    this.#prompts = prompts;
    this.#sessions = sessions;
    this.#fail = fail;
  }

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      await this.#open(uri);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #open({ path, query }: vscode.Uri): Promise<void> {
    const link = readIncidentLink(path, query);
    if (typeof link === 'string') throw new Error(link);
    const { context, namespace } = link;
    const there = this.#sessions
      .all()
      .filter(({ target }) => target.context === context && target.namespace === namespace);
    const running = there.find(({ ended }) => !ended);
    if (running) return void (await vscode.commands.executeCommand(Command.showRun, running.id));
    const known = (await (await this.#app()).targets.contexts()).some(({ name }) => name === context);
    const name = presentable(context, 100);
    if (!known)
      throw new Error(vscode.l10n.t("the link names context '{0}', which the kubeconfig does not have", name));
    const [latest] = there;
    if (latest) return this.#offer(link, latest);
    const sure = await this.#prompts.confirm(
      vscode.l10n.t('A link asks to look at {0} @ {1}', namespace, name),
      vscode.l10n.t('Nothing is read or changed before you have chosen the target yourself.'),
      vscode.l10n.t('Choose the Target'),
    );
    if (sure) await vscode.commands.executeCommand(Command.mitigate, { context, namespace });
  }

  /** A run there has ended: what the link tells of may be new. */
  async #offer({ context, namespace }: IncidentLink, latest: IncidentSession): Promise<void> {
    const { headline, startedAt } = latest.snapshot();
    const when = shortLocalTime(new Date(startedAt).toISOString(), Date.now());
    const chosen = await this.#prompts.pick<() => Thenable<unknown>>({
      title: vscode.l10n.t('A link asks to look at {0} @ {1}', namespace, presentable(context, 100)),
      placeholder: vscode.l10n.t('Nothing is read or changed before you have chosen'),
      choices: [
        {
          label: vscode.l10n.t('Choose the target'),
          detail: vscode.l10n.t('Looks at it as it is now'),
          value: () => vscode.commands.executeCommand(Command.mitigate, { context, namespace }),
        },
        {
          label: vscode.l10n.t('Show the run of {0}', when),
          detail: headline.title,
          value: () => vscode.commands.executeCommand(Command.showRun, latest.id),
        },
      ],
    });
    await chosen?.();
  }
}
