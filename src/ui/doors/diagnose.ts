import * as vscode from 'vscode';
import { abortedBy } from '../editor/abort.ts';
import type { StratusApp } from '../../run/app.ts';
import type { NamespaceDiagnosis } from '../../run/incidents.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { TargetPreset } from '../editor/contributions.ts';
import { Command, Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { TargetPicker } from '../editor/target-picker.ts';
import type { LookDocuments } from '../views/look-documents.ts';
import type { Target } from '../../domain/target.ts';
import { diagnosisHeadline, diagnosisText, namedObjects } from './diagnosis-text.ts';
import type { NamedObjects } from './evidence-doors.ts';

/** Finds out what is wrong, in one namespace or in all, and changes nothing: the answer is a document. */
export class Diagnose {
  readonly #lease: () => Promise<AppLease>;
  readonly #prompts: Prompts;
  readonly #targets: TargetPicker;
  readonly #documents: LookDocuments;
  readonly #began: (target: Target) => void;
  #last: { target: Target; results: NamespaceDiagnosis[] } | null = null;

  /** @param began hears of each target that a person looks at */
  constructor(
    lease: () => Promise<AppLease>,
    prompts: Prompts,
    targets: TargetPicker,
    documents: LookDocuments,
    began: (target: Target) => void,
  ) {
    this.#began = began;
    this.#lease = lease;
    this.#prompts = prompts;
    this.#targets = targets;
    this.#documents = documents;
  }

  /** What the latest diagnosis names, cause by cause; with where it is looked at. */
  objects(): NamedObjects[] {
    if (!this.#last) return [];
    const { target, results } = this.#last;
    return results.flatMap((one) =>
      'diagnosis' in one
        ? namedObjects(one.diagnosis).map((named) => ({ ...named, target: { ...target, namespace: one.namespace } }))
        : [],
    );
  }

  /** The same for others who tell it themselves: one namespace, read at once. @throws ClusterError */
  async look(app: StratusApp, target: Target, signal: AbortSignal): Promise<NamespaceDiagnosis> {
    const diagnosis = await app.incidents.diagnose(target, readSetting(Setting.checks), signal);
    const result = { namespace: target.namespace, diagnosis };
    this.#last = { target, results: [result] };
    return result;
  }

  /** Asks for a target, unless one of before is given that still means the same. */
  async run(preset?: TargetPreset): Promise<void> {
    const { app, release } = await this.#lease();
    try {
      const known = await this.#targets.sameAgain(app, preset);
      const purpose = {
        title: vscode.l10n.t('Diagnose'),
        then: vscode.l10n.t('Starts reading at once; nothing is changed'),
      };
      const scope = known ? { target: known, all: false } : await this.#targets.pickScope(app, purpose, preset);
      if (!scope) return;
      const { target, all } = scope;
      this.#began(target);
      const options = {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t(
          'Diagnosing {0}; nothing is changed',
          all ? target.context : `${target.namespace} @ ${target.context}`,
        ),
        cancellable: true,
      };
      const results = await vscode.window.withProgress(options, async (progress, token) => {
        const signal = abortedBy(token);
        const read = async (): Promise<NamespaceDiagnosis[]> => {
          const checks = readSetting(Setting.checks);
          if (all)
            return app.incidents.diagnoseAll(target, checks, signal, (done, of) =>
              progress.report({ message: vscode.l10n.t('{0} of {1} namespaces', done, of) }),
            );
          const diagnosis = await app.incidents.diagnose(target, checks, signal);
          return [{ namespace: target.namespace, diagnosis }];
        };
        return read().catch((error: unknown) => {
          if (signal.aborted) return null;
          throw error;
        });
      });
      if (!results) return;
      // What they ask is in no namespace that could be told.
      const unasked = all ? readSetting(Setting.checks).filter((check) => !/^[^=]*=svc:/.test(check)) : [];
      const text = diagnosisText(target, results, new Date(), unasked);
      this.#last = { target, results };
      await this.#documents.preview(`Diagnosis of ${all ? target.context : target.namespace}.md`, text);
      // Not awaited: a notification stays until someone closes it.
      void this.#offer(text, diagnosisHeadline(results), all ? null : target);
    } finally {
      release();
    }
  }

  async #offer(text: string, headline: string, target: { context: string; namespace: string } | null): Promise<void> {
    const [copy, mitigate] = [vscode.l10n.t('Copy Summary'), vscode.l10n.t('Mitigate')];
    const open = vscode.l10n.t('Open Logs, Events, YAML…');
    const named = this.objects().length > 0 ? [open] : [];
    const answer = await this.#prompts.notify('info', headline, ...(target ? [mitigate] : []), ...named, copy);
    if (answer === open) await vscode.commands.executeCommand(Command.openEvidence);
    if (answer === copy) await vscode.env.clipboard.writeText(text);
    if (answer === mitigate && target)
      await vscode.commands.executeCommand(Command.mitigate, {
        context: target.context,
        namespace: target.namespace,
      });
  }
}
