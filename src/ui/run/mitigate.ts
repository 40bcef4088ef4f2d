import * as vscode from 'vscode';
import { refLabel } from '../../domain/kube-object.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import type { StratusApp } from '../../run/app.ts';
import type { IncidentRun } from '../../run/incident/incident-run.ts';
import type { OwnPlan } from '../../run/brains/own-plans.ts';
import type { AppLease } from '../editor/app-loader.ts';
import { ApprovalDesk } from './approval-desk.ts';
import { runOptions } from '../editor/configuration.ts';
import type { TargetPreset } from '../editor/contributions.ts';
import { Setting, View } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import { lockNote } from './lock-note.ts';
import type { SessionList } from './incident-session.ts';
import { IncidentSession } from './incident-session.ts';
import type { Log } from '../editor/log.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { ObjectDocuments } from '../views/object-documents.ts';
import { isProtected } from '../../domain/autonomy.ts';
import { typesName } from '../editor/protected-context.ts';
import type { TargetPicker } from '../editor/target-picker.ts';

interface Made {
  session: IncidentSession;
  run: IncidentRun;
}

/** What is done after the end of a run, whose session knows its result. */
export type AfterRun = (app: StratusApp, run: IncidentRun, session: IncidentSession) => Promise<void>;

/** How often the lock is looked at while a plan waits. */
const LOCK_LOOK_MS = 10_000;

/** Starts runs and answers their approvals for this window. */
export class Mitigation {
  readonly #lease: () => Promise<AppLease>;
  /** What each run uses, with how to give it back. */
  readonly #used = new Map<string, AppLease & { run: IncidentRun }>();
  readonly #prompts: Prompts;
  readonly #sessions: SessionList;
  readonly #log: Log;
  readonly #targets: TargetPicker;
  readonly #began: (target: Target) => void;
  readonly #after: AfterRun;

  /**
   * @param began hears of each target on which a person began something
   * @param after what is done when a run has ended; its application stays open so long
   */
  constructor(
    lease: () => Promise<AppLease>,
    prompts: Prompts,
    targets: TargetPicker,
    sessions: SessionList,
    log: Log,
    began: (target: Target) => void,
    after: AfterRun,
  ) {
    this.#began = began;
    this.#after = after;
    this.#lease = lease;
    this.#targets = targets;
    this.#prompts = prompts;
    this.#sessions = sessions;
    this.#log = log;
  }

  /**
   * @param proposed a plan of somebody else's, to be tried first: then every plan of the run waits for a person
   * @returns the started session and its end, or null when a question was dismissed.
   */
  async start(preset?: TargetPreset, proposed?: OwnPlan): Promise<IncidentSession | null> {
    const { app, release } = await this.#lease();
    try {
      const made = await this.#create(app, preset, proposed);
      if (made) this.#used.set(made.session.id, { app, release, run: made.run });
      else release();
      return made?.session ?? null;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #create(app: StratusApp, preset?: TargetPreset, proposed?: OwnPlan): Promise<Made | null> {
    const patterns = readSetting(Setting.protectedContexts);
    const target =
      (await this.#targets.sameAgain(app, preset)) ??
      (await this.#targets.pick(
        app,
        {
          title: vscode.l10n.t('Mitigate incident'),
          then: vscode.l10n.t('Starts reading at once; nothing is changed before you approve it'),
        },
        preset,
      ));
    if (!target) return null;
    const busy = this.#sessions
      .running()
      .find(({ target: other }) => other.fingerprint === target.fingerprint && other.namespace === target.namespace);
    if (busy) throw new Error(`a run on ${placeOf(target)} is under way; cancel it first`);
    const guarded = isProtected(target.context, patterns);
    const mode = proposed ? 'ask' : readSetting(Setting.approval);
    const desk = new ApprovalDesk(
      { mode: mode === 'ask' ? 'ask' : 'exact', protectedContexts: patterns },
      target.context,
    );
    const options = runOptions();
    const checks = readSetting(Setting.checks);
    const brain = readSetting(Setting.brain);
    const run = await app.incidents.mitigate({
      target,
      ...(brain === 'auto' ? {} : { brain }),
      options,
      checks,
      ...(proposed ? { plans: [proposed] } : {}),
      askApproval: desk.ask,
      askBudget: (limit, signal) => this.#maySpendMore(limit, signal),
    });
    const session = new IncidentSession(run, desk, mode, guarded);
    this.#sessions.add(session);
    this.#began(target);
    run.onEvent((event) => {
      if (event.type === 'phase') this.#log.info(`${run.id}: ${event.phase} (attempt ${event.attempt})`);
      if (event.type === 'started' || event.type === 'rehearsed') void this.#lookAtLock(app, session);
    });
    return { session, run };
  }

  /** A notification that is put away, or a run that ends meanwhile, is no. */
  async #maySpendMore(limit: string, signal: AbortSignal): Promise<boolean> {
    const more = vscode.l10n.t('As Much Again');
    const text = vscode.l10n.t('{0}. May the model spend as much again in this run?', limit);
    const stopped = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    );
    const answer = this.#prompts.notify('warning', text, more, vscode.l10n.t('Go On Without It'));
    return (await Promise.race([answer, stopped])) === more;
  }

  /** Whether another writer is at work, told before anybody approves; looked at again while the run waits for that. */
  async #lookAtLock(app: StratusApp, session: IncidentSession): Promise<void> {
    do {
      // The run itself has asked for the lock, and tells what came of it.
      if (session.ended || session.events().some(({ type }) => type === 'lockAcquired' || type === 'lockDenied'))
        return;
      // One that cannot be read is told when it is asked for.
      session.noteLock(await app.lock.status(session.target).then(lockNote, () => ''));
      await new Promise((resolve) => setTimeout(resolve, LOCK_LOOK_MS).unref());
    } while (session.awaiting);
  }

  /** Runs to the end, with the view's progress line as its sign of life, and then does what comes after. */
  async run(session: IncidentSession): Promise<void> {
    try {
      const result = await vscode.window.withProgress({ location: { viewId: View.incidents } }, () => session.start());
      this.#log.info(`${session.id}: ${result.outcome}, ${result.reason}`);
      const used = this.#used.get(session.id);
      if (used) await this.#after(used.app, used.run, session);
    } finally {
      this.#used.get(session.id)?.release();
      this.#used.delete(session.id);
    }
  }

  /** Approves what the page shows. In a protected context the context's name has to be typed first. */
  async approve(run: string, hash: string): Promise<string> {
    const session = this.#sessions.find(run);
    if (!session) return 'this run has ended';
    const purpose = vscode.l10n.t('Type the name of the context to let the plan change it');
    if (session.isProtected && !(await typesName(this.#prompts, session.target.context, purpose)))
      return 'not approved: the context was not typed';
    return session.approve(hash);
  }

  reject(run: string, hash: string, reason: string): string {
    return this.#sessions.find(run)?.reject(hash, reason) ?? 'this run has ended';
  }

  /** The rehearsed write in the editor's own diff: the object now against the object after the change. */
  async openDiff(documents: ObjectDocuments, run: string, hash: string, step: number, write: number): Promise<string> {
    const rehearsed = this.#sessions.find(run)?.rehearsedWrite(hash, step, write);
    if (!rehearsed) return 'this plan is no longer shown';
    await documents.compare({
      ref: rehearsed.ref,
      left: rehearsed.before,
      right: rehearsed.after,
      ...(rehearsed.subresource ? { subresource: rehearsed.subresource } : {}),
      title: vscode.l10n.t('{0}: now ↔ after the change (dry run)', refLabel(rehearsed.ref)),
    });
    return '';
  }
}
