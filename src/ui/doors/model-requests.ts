import * as vscode from 'vscode';
import type { PastRuns } from '../run/past-runs.ts';
import type { SessionList } from '../run/incident-session.ts';
import type { LookDocuments } from '../views/look-documents.ts';
import type { Prompts } from '../editor/prompts.ts';
import { modelRequestsText } from './model-requests-text.ts';

/** Shows what a run asked of models and what they answered, read only; of earlier runs from their event logs. */
export class ModelRequests {
  readonly #sessions: SessionList;
  readonly #past: PastRuns;
  readonly #prompts: Prompts;
  readonly #documents: LookDocuments;

  constructor(sessions: SessionList, past: PastRuns, prompts: Prompts, documents: LookDocuments) {
    this.#sessions = sessions;
    this.#past = past;
    this.#prompts = prompts;
    this.#documents = documents;
  }

  /** @param run absent: a person chooses where there are several @returns why nothing was shown; empty otherwise */
  async show(run?: string): Promise<string> {
    const id = run ?? (await this.#choose());
    if (id === undefined) return '';
    await this.#past.open(id);
    const session = this.#sessions.find(id);
    if (!session) return vscode.l10n.t('this run has ended');
    await this.#documents.open({ name: `Model requests of ${id}.log`, text: modelRequestsText(id, session.events()) });
    return '';
  }

  /** @throws Error when there is no run at all */
  async #choose(): Promise<string | undefined> {
    const here = this.#sessions.all().map(({ id, target: { namespace, context } }) => ({ id, namespace, context }));
    const past = (await this.#past.list()).map(({ run }) => ({ id: run.id, ...run.target }));
    const runs = [...here, ...past];
    const [only] = runs;
    if (!only) throw new Error(vscode.l10n.t('there is no run yet: mitigate an incident first'));
    if (runs.length === 1) return only.id;
    return this.#prompts.pick<string>({
      title: vscode.l10n.t('Model requests of which run?'),
      placeholder: vscode.l10n.t('Latest first'),
      choices: runs.map(({ id, namespace, context }) => ({
        label: id,
        description: `${namespace} @ ${context}`,
        value: id,
      })),
    });
  }
}
