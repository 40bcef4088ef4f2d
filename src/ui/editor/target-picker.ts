import * as vscode from 'vscode';
import { StratusError } from '../../domain/stratus-error.ts';
import type { Target } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { ContextChoice } from '../../run/targets.ts';
import type { TargetPreset } from './contributions.ts';
import type { Choice, Prompts } from './prompts.ts';
import type { TargetMemory } from './target-memory.ts';

/** A pinned target; `all`: every namespace of its cluster was asked for. */
export interface Scope {
  target: Target;
  all: boolean;
}

/** What a target is asked for. */
export interface Purpose {
  /** Heads the questions. */
  title: string;
  /** What comes right after the answer, as a sentence. */
  then: string;
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Exists in every cluster; only stands in when every namespace is meant. */
const ANY_NAMESPACE = 'default';

/**
 * Asks for context and namespace and pins the answer (I10). Nothing is assumed silently: the target chosen last, then the
 * kubeconfig's current context, are only listed first. A kubeconfig with one context leaves nothing to choose there.
 */
export class TargetPicker {
  readonly #prompts: Prompts;
  readonly #memory: TargetMemory;
  readonly #isProtected: (context: string) => boolean;

  constructor(prompts: Prompts, memory: TargetMemory, isProtected: (context: string) => boolean) {
    this.#prompts = prompts;
    this.#memory = memory;
    this.#isProtected = isProtected;
  }

  /**
   * A target that was pinned before needs no questions, unless its context means another cluster by now.
   * @returns null where the preset is none, or means another one
   */
  async sameAgain(app: StratusApp, { context, namespace, fingerprint }: TargetPreset = {}): Promise<Target | null> {
    if (fingerprint === undefined) return null;
    const target = await app.targets.pin(context, namespace);
    return target.fingerprint === fingerprint ? target : null;
  }

  /** @returns null when dismissed */
  async pick(app: StratusApp, purpose: Purpose, preset: TargetPreset = {}): Promise<Target | null> {
    return (await this.#pick(app, purpose, preset, false))?.target ?? null;
  }

  /** As {@link pick}, with "all namespaces" among the answers. */
  pickScope(app: StratusApp, purpose: Purpose, preset: TargetPreset = {}): Promise<Scope | null> {
    return this.#pick(app, purpose, preset, true);
  }

  async #pick(app: StratusApp, purpose: Purpose, preset: TargetPreset, orAll: boolean): Promise<Scope | null> {
    const contexts = await app.targets.contexts();
    if (contexts.length === 0) throw new StratusError('no-kubeconfig', 'the kubeconfig has no contexts');
    const last = this.#memory.last();
    const context = await this.#pickContext(contexts, preset.context ?? last?.context, purpose.title);
    if (!context) return null;
    const wanted = preset.namespace ?? (last?.context === context.name ? last.namespace : undefined);
    const namespace = await this.#pickNamespace(app, context, wanted, purpose, orAll, contexts.length > 1);
    if (namespace === undefined) return null;
    const all = namespace === '';
    const options = {
      location: vscode.ProgressLocation.Window,
      title: vscode.l10n.t('Stratus: asking {0}', context.server),
    };
    const target = await vscode.window.withProgress(options, () =>
      app.targets.pin(context.name, all ? ANY_NAMESPACE : namespace),
    );
    if (!all) this.#memory.remember(target);
    return { target, all };
  }

  async #pickContext(
    contexts: ContextChoice[],
    preferred: string | undefined,
    purpose: string,
  ): Promise<ContextChoice | undefined> {
    const [only] = contexts;
    if (only && contexts.length === 1 && (preferred === undefined || preferred === only.name)) return only;
    const rank = ({ name, current }: ContextChoice) => (name === preferred ? 0 : current ? 1 : 2);
    return this.#prompts.pick({
      title: vscode.l10n.t('{0} (1 of 2): which cluster?', purpose),
      placeholder: vscode.l10n.t('It stays on this context, whatever the kubeconfig says later'),
      choices: [...contexts]
        .sort((a, b) => rank(a) - rank(b))
        .map((choice) => ({
          label: choice.name,
          description: choice.server,
          ...(this.#isProtected(choice.name)
            ? { detail: vscode.l10n.t('$(shield) protected: changes need its name typed') }
            : {}),
          value: choice,
        })),
    });
  }

  /** @returns empty for all namespaces, undefined when dismissed */
  #pickNamespace(
    app: StratusApp,
    context: ContextChoice,
    wanted: string | undefined,
    { title: purpose, then }: Purpose,
    orAll: boolean,
    second: boolean,
  ): Promise<string | undefined> {
    const asChoice = (name: string, description?: string): Choice<string> => ({
      label: name,
      value: name,
      ...(description === undefined ? {} : { description }),
    });
    const wait = new AbortController();
    const found = app.targets
      .namespaces(context.name, wait.signal)
      .then((names) => names.map((name) => asChoice(name)));
    const usual = asChoice(context.namespace, vscode.l10n.t('default of this context'));
    const first = wanted === undefined || wanted === context.namespace ? [] : [asChoice(wanted)];
    const every: Choice<string>[] = orAll ? [{ label: vscode.l10n.t('All namespaces'), value: '' }] : [];
    const title = second
      ? vscode.l10n.t('{0} (2 of 2): which namespace on {1}?', purpose, context.name)
      : vscode.l10n.t('{0}: which namespace on {1}?', purpose, context.name);
    const mark = this.#isProtected(context.name) ? vscode.l10n.t('{0} is protected. ', context.name) : '';
    const picked = this.#prompts.pick({
      title,
      placeholder: mark + then,
      choices: [...first, usual, ...every],
      more: found,
      typed: (text) => (NAMESPACE.test(text) ? asChoice(text) : null),
    });
    return picked.finally(() => wait.abort());
  }
}
