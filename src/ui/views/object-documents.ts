import * as vscode from 'vscode';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { Scheme } from '../editor/contributions.ts';
import { objectYaml } from './object-text.ts';

const KEPT = 200;

/** Both sides of a comparison; `subresource` decides whether status is part of it. */
export interface Comparison {
  ref: ObjectRef;
  left: KubeObject | null;
  right: KubeObject | null;
  subresource?: string;
  title: string;
}

/** Read-only documents for the editor's own diff: one per object and side. */
export class ObjectDocuments implements vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  #next = 1;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? vscode.l10n.t('# This comparison belongs to a run that has ended.');
  }

  /** Opens the native diff editor beside the run view. @returns the two documents. */
  async compare(comparison: Comparison): Promise<{ left: vscode.Uri; right: vscode.Uri }> {
    const { ref, left, right, subresource, title } = comparison;
    const [leftText, rightText] = await Promise.all([objectYaml(left, subresource), objectYaml(right, subresource)]);
    return this.compareTexts(refLabel(ref), leftText, rightText, title);
  }

  /** All comparisons in one multi-file diff. */
  async compareAll(title: string, comparisons: Comparison[]): Promise<void> {
    const resources = await Promise.all(
      comparisons.map(async ({ ref, left, right, subresource, title: name }) => {
        const [before, after] = await Promise.all([objectYaml(left, subresource), objectYaml(right, subresource)]);
        const pair = this.#next++;
        const label = this.#keep(pair, 'label', `${refLabel(ref)} ${name.slice(name.indexOf(': ') + 2)}`, after);
        return [
          label,
          this.#keep(pair, 'left', refLabel(ref), before),
          this.#keep(pair, 'right', refLabel(ref), after),
        ];
      }),
    );
    await vscode.commands.executeCommand('vscode.changes', title, resources);
  }

  async compareTexts(name: string, left: string, right: string, title: string) {
    const pair = this.#next++;
    const uris = { left: this.#keep(pair, 'left', name, left), right: this.#keep(pair, 'right', name, right) };
    await vscode.commands.executeCommand('vscode.diff', uris.left, uris.right, title, {
      preview: true,
      viewColumn: vscode.ViewColumn.Active,
    });
    return uris;
  }

  #keep(pair: number, side: string, name: string, text: string): vscode.Uri {
    const path = `/${pair}/${side}/${name.replace(/[^\w.-]+/g, '-')}.yaml`;
    const uri = vscode.Uri.from({ scheme: Scheme.object, path });
    this.#texts.set(uri.toString(), text);
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= KEPT) break;
      this.#texts.delete(oldest);
    }
    return uri;
  }
}
