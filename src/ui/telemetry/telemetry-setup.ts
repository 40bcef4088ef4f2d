import * as vscode from 'vscode';
import type { Target } from '../../domain/target.ts';
import type { FoundSource } from '../../run/telemetry/find-sources.ts';
import type { SourceText } from '../../run/telemetry/telemetry-config.ts';
import { presentable } from '../../text/redact.ts';
import { abortedBy } from '../editor/abort.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { ClusterTelemetry } from '../editor/cluster-telemetry.ts';
import { Command, Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import { telemetryConfig, tokenAddress } from '../editor/telemetry-config.ts';
import type { LookDocuments } from '../views/look-documents.ts';
import { telemetryText } from './telemetry-text.ts';
import type { TelemetryTokens } from './telemetry-tokens.ts';
import { tokenProblem } from './telemetry-tokens.ts';

export interface TelemetryParts {
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  targets: TargetPicker;
  documents: LookDocuments;
  clusters: ClusterTelemetry;
  tokens: TelemetryTokens;
  /** A token was kept or forgotten. */
  tokenChanged: () => void;
}

const FAILURES = 3;

/** Finds telemetry in a cluster and asks before it is used, tests what is used, and keeps tokens. */
export class TelemetrySetup {
  readonly #parts: TelemetryParts;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
  }

  /** @param known the target of a run; asked for without */
  async find(known?: Target): Promise<void> {
    const { targets, prompts } = this.#parts;
    const asked = await this.#with(async ({ app }) => {
      const target =
        known ??
        (await targets.pick(app, {
          title: vscode.l10n.t('Find telemetry'),
          then: vscode.l10n.t('Asks well-known Services what they are; nothing is changed'),
        }));
      if (!target) return null;
      const title = vscode.l10n.t('Looking for telemetry in {0}; nothing is changed', target.context);
      return this.#progress(title, async (signal) => ({ target, ...(await app.telemetry.find(target, signal)) }));
    });
    if (!asked) return;
    const { target, found, notes } = asked;
    const named = new Set(configured().map(({ role }) => role));
    const fresh = found.filter(({ spec }) => !named.has(spec.role));
    if (fresh.length > 0) return void this.#propose(target, fresh);
    const settings = vscode.l10n.t('Open Settings');
    if (found.length > 0) {
      const text = vscode.l10n.t(
        '{0}: found in {1}. Settings name what is read already.',
        namesOf(found),
        target.context,
      );
      void prompts.notify('info', text, settings).then((answer) => (answer === settings ? openSettings() : undefined));
      return;
    }
    const none = vscode.l10n.t('No Service of {0} looks like a source of telemetry and answers.', target.context);
    const text = [none, ...notes.slice(0, FAILURES).map((note) => presentable(note, 200))].join(' ');
    // Not awaited: a notification stays until someone closes it.
    void prompts.notify('info', text, settings).then((answer) => (answer === settings ? openSettings() : undefined));
  }

  /** The same when something begins on a target, quietly: only what answers is told of. */
  async offer(target: Target): Promise<void> {
    const never = new AbortController().signal;
    const found = await this.#with(({ app }) => app.telemetry.find(target, never));
    if (found.found.length > 0) await this.#propose(target, found.found);
  }

  async test(): Promise<void> {
    const { targets, documents } = this.#parts;
    const asked = await this.#with(async ({ app }) => {
      const target = await targets.pick(app, {
        title: vscode.l10n.t('Test telemetry'),
        then: vscode.l10n.t('Asks each source what it is; nothing is changed'),
      });
      if (!target) return null;
      const title = vscode.l10n.t('Asking the telemetry of {0}', target.context);
      return this.#progress(title, async (signal) => ({ target, ...(await app.telemetry.test(target, signal)) }));
    });
    if (!asked) return;
    const { target, opened, notes } = asked;
    if (opened.length === 0) return void this.#offerSearch(target);
    await documents.preview(`Telemetry of ${target.context}.md`, telemetryText(target, { opened, notes }));
  }

  async setToken(): Promise<void> {
    const { prompts, tokens, tokenChanged } = this.#parts;
    const addresses = [...new Set(configured().flatMap(({ url }) => tokenAddress(url) ?? []))];
    if (addresses.length === 0) {
      const settings = vscode.l10n.t('Open Settings');
      const text = vscode.l10n.t(
        'No setting names a source that takes a token: only those with an http or https address do. A Service of the cluster is asked as your cluster user.',
      );
      if ((await prompts.notify('info', text, settings)) === settings) await openSettings();
      return;
    }
    const title = vscode.l10n.t('Set telemetry token');
    const address = await prompts.pick<string>({
      title: vscode.l10n.t('{0} (1 of 2): for which address?', title),
      placeholder: vscode.l10n.t('It is sent to this address only'),
      choices: addresses.map((one) => ({ label: one, value: one })),
    });
    if (address === undefined) return;
    const known = await tokens.of(address);
    const typed = await prompts.ask({
      title: vscode.l10n.t('{0} (2 of 2): token', title),
      prompt: known
        ? vscode.l10n.t('Empty keeps the token that is stored for this address; a hyphen forgets it')
        : vscode.l10n.t('A bearer token, or a header as Name: value. Kept in the secret storage of the editor'),
      secret: true,
      check: (text) =>
        tokenProblem(text) ? vscode.l10n.t('A token is one word; a header is written Name: value') : '',
    });
    const token = typed?.trim() ?? '';
    if (token === '') return;
    if (token === '-') await tokens.forget(address);
    else await tokens.keep(address, token);
    tokenChanged();
  }

  async #propose(target: Target, found: readonly FoundSource[]): Promise<void> {
    const { prompts, clusters } = this.#parts;
    const sources = found.map(({ spec, url }) => ({ role: spec.role, url }));
    const names = namesOf(found);
    const [use, later] = [vscode.l10n.t('Use'), vscode.l10n.t('Not Now')];
    const never = vscode.l10n.t('Never for This Cluster');
    const isUsed = JSON.stringify(sources) === JSON.stringify(clusters.of(target));
    const question = isUsed
      ? vscode.l10n.t('{0}: read in runs on {1} already. Go on?', names, target.context)
      : found.length === 1
        ? vscode.l10n.t('{0} answers. Use it for {1}?', names, target.context)
        : vscode.l10n.t('{0} answer. Use them for {1}?', names, target.context);
    const answer = await prompts.notify('info', question, use, later, never);
    if (answer === never) await clusters.never(target);
    if (answer !== use) return;
    await clusters.use(target, sources);
    const test = vscode.l10n.t('Test Telemetry');
    const told = vscode.l10n.t('{0}: read from the next run on {1} on.', names, target.context);
    if ((await prompts.notify('info', told, test)) === test)
      await vscode.commands.executeCommand(Command.testTelemetry);
  }

  async #offerSearch(target: Target): Promise<void> {
    const find = vscode.l10n.t('Find Telemetry');
    const text = vscode.l10n.t('No telemetry is named in the settings or accepted for {0}.', target.context);
    if ((await this.#parts.prompts.notify('info', text, find)) === find) await this.find(target);
  }

  async #with<T>(work: (lease: AppLease) => Promise<T>): Promise<T> {
    const lease = await this.#parts.lease();
    return work(lease).finally(() => lease.release());
  }

  /** @returns null when it was cancelled */
  async #progress<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    return vscode.window.withProgress(options, async (_progress, token) => {
      const signal = abortedBy(token);
      return work(signal).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
    });
  }
}

function openSettings(): Thenable<unknown> {
  return vscode.commands.executeCommand(
    'workbench.action.openSettings',
    Setting.telemetryPrometheus.replace(/\w+$/, ''),
  );
}

/** Sources that the settings name. */
function configured(): readonly SourceText[] {
  return telemetryConfig(readSetting, (path) => path, {}).telemetry.sources;
}

function namesOf(found: readonly FoundSource[]): string {
  return presentable(listed([...new Set(found.map(({ name }) => name))]), 400);
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
