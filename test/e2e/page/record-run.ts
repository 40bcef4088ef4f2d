import type { Target } from '../../../src/domain/target.ts';
import { DEFAULT_OPTIONS } from '../../../src/domain/run-event.ts';
import { ApprovalDesk } from '../../../src/ui/run/approval-desk.ts';
import { IncidentSession } from '../../../src/ui/run/incident-session.ts';
import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import { FakeApp } from '../../host/fake-app.ts';
import type { FakeOptions } from '../../host/fake-app.ts';

/** A run of the real state machine over the in-memory cluster, for the page to show. */
export class RecordedRun {
  readonly session: IncidentSession;
  readonly app: FakeApp;

  private constructor(session: IncidentSession, app: FakeApp) {
    this.session = session;
    this.app = app;
  }

  static async open(options: FakeOptions = {}, isProtected = false): Promise<RecordedRun> {
    const app = new FakeApp(options);
    const target: Target = await app.targets.pin(options.context, 'hotel-reservation');
    const desk = new ApprovalDesk(
      { mode: 'ask', protectedContexts: isProtected ? [target.context] : [] },
      target.context,
    );
    const request = { target, brain: 'playbook' as const, options: DEFAULT_OPTIONS, checks: [], askApproval: desk.ask };
    const session = new IncidentSession(await app.incidents.mitigate(request), desk, 'ask', isProtected);
    return new RecordedRun(session, app);
  }

  /** Starts the run and resolves when it waits for an answer. */
  async untilAsked(): Promise<RunSnapshot> {
    const asked = this.#next(() => this.session.awaiting !== null);
    if (this.session.snapshot().startedAt === 0) void this.session.start();
    await asked;
    return this.session.snapshot();
  }

  /** Runs to the end without asking; for runs that have nothing to ask. */
  async untilEnded(): Promise<RunSnapshot> {
    await this.session.start();
    return this.session.snapshot();
  }

  async approve(): Promise<void> {
    this.session.approve(this.session.awaiting!);
  }

  /** A snapshot of the first moment for which `look` holds. */
  async when(look: (snapshot: RunSnapshot) => boolean): Promise<RunSnapshot> {
    let found: RunSnapshot | undefined;
    await this.#next(() => {
      const snapshot = this.session.snapshot();
      if (look(snapshot)) found ??= snapshot;
      return found !== undefined;
    });
    return found!;
  }

  #next(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const subscription = this.session.onChange(() => {
        const { result } = this.session;
        if (holds()) resolve();
        else if (result) reject(new Error(`the run ended before: ${result.outcome}, ${result.reason}`));
        else return;
        subscription.dispose();
      });
    });
  }
}
