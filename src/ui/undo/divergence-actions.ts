import * as vscode from 'vscode';
import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { placeOf } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { ObjectDivergence } from '../../run/divergence.ts';
import type { TransactionHandle } from '../editor/contributions.ts';
import type { ObjectDocuments } from '../views/object-documents.ts';
import type { Choice, Prompts } from '../editor/prompts.ts';

interface Pair {
  ref: ObjectDivergence['ref'];
  left: KubeObject | null;
  right: KubeObject | null;
  title: string;
}

/**
 * The three states of what an undo could not restore: checkpoint, what Stratus wrote, what is there now. The editor has
 * no public three-way diff for texts that are no files, so that each pair is a diff of its own, and all of them one
 * multi-file diff.
 */
export class DivergenceActions {
  readonly #app: () => Promise<StratusApp>;
  readonly #prompts: Prompts;
  readonly #documents: ObjectDocuments;

  constructor(app: () => Promise<StratusApp>, prompts: Prompts, documents: ObjectDocuments) {
    this.#app = app;
    this.#prompts = prompts;
    this.#documents = documents;
  }

  /** Asks which comparison is wanted, and opens it. */
  async show(handle?: TransactionHandle): Promise<void> {
    const app = await this.#app();
    const id = handle?.transaction ?? (await this.#pick(app));
    if (id === undefined) return;
    const objects = await app.transactions.divergence(id);
    const pairs = objects.map(pairsOf);
    const choices: Choice<Pair[]>[] = objects.flatMap((object, index) => [
      ...pairs[index]!.map((pair) => ({ label: pair.title, detail: fieldsOf(object), value: [pair] })),
    ]);
    const all = { label: vscode.l10n.t('All of them, one below the other'), value: pairs.flat() };
    const chosen = await this.#prompts.pick<Pair[]>({
      title: vscode.l10n.t('Not restored by {0}', id),
      placeholder: vscode.l10n.t('Which two states to compare?'),
      choices: [...choices, all],
    });
    if (!chosen) return;
    if (chosen.length === 1) await this.#documents.compare(chosen[0]!);
    else await this.#documents.compareAll(vscode.l10n.t('Not restored by {0}', id), chosen);
  }

  async #pick(app: StratusApp): Promise<string | undefined> {
    const diverged = (await app.transactions.list()).filter(({ status }) => status === 'diverged');
    if (diverged.length === 0) throw new Error('no transaction has diverged');
    return this.#prompts.pick<string>({
      title: vscode.l10n.t('Compare what which undo could not restore?'),
      placeholder: vscode.l10n.t('Newest first'),
      choices: diverged.map((summary) => ({
        label: summary.title,
        description: placeOf(summary),
        detail: summary.id,
        value: summary.id,
      })),
    });
  }
}

function pairsOf({ ref, checkpoint, written, live }: ObjectDivergence): Pair[] {
  const name = refLabel(ref);
  return [
    { ref, left: checkpoint, right: live, title: vscode.l10n.t('{0}: before ↔ cluster now', name) },
    { ref, left: written, right: live, title: vscode.l10n.t('{0}: what Stratus wrote ↔ cluster now', name) },
    { ref, left: checkpoint, right: written, title: vscode.l10n.t('{0}: before ↔ what Stratus wrote', name) },
  ];
}

function fieldsOf({ fields }: ObjectDivergence): string {
  return fields.map(({ path }) => path || vscode.l10n.t('the whole object')).join(', ');
}
