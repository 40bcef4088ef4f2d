import type { AgentView, ModelsView } from './agents-view.ts';
import type { OwedView, ResultView, TransactionView } from './ending-view.ts';
import type { CauseView } from './finding-view.ts';
import type { KeptWatchView } from './kept-watch-view.ts';
import type { PlanView } from './plan-view.ts';
import type { CheckView, SeverityView } from './severity-view.ts';
import type { TelemetryView } from './telemetry-view.ts';

export type Tone = 'busy' | 'ask' | 'good' | 'warn' | 'bad';
export type StageState = 'todo' | 'now' | 'done' | 'failed';

export interface Stage {
  id: string;
  label: string;
  state: StageState;
}

export interface TargetView {
  context: string;
  namespace: string;
  server: string;
  /** Writes there need the context's name typed. */
  protected: boolean;
}

export interface AttemptView {
  attempt: number;
  title: string;
  outcome: 'committed' | 'undone' | 'unfinished' | 'rejected' | 'failed';
  reason: string;
}

export interface LogEntry {
  /** Grows by one; entries never change. */
  id: number;
  at: number;
  who: 'detection' | 'diagnosis' | 'mitigation' | 'undo' | 'stratus' | 'you';
  kind: 'thought' | 'command' | 'event' | 'problem';
  text: string;
  /** Output of a command, bounded; empty otherwise. */
  output: string;
}

/** Everything that the page draws of one run. Nothing in it may carry a Secret's value. */
export interface RunSnapshot {
  run: string;
  target: TargetView;
  /** When the run started; elapsed time is drawn from it by the page. */
  startedAt: number;
  endedAt: number | null;
  headline: { tone: Tone; title: string; detail: string };
  /** Forward path, and the way back that an undone attempt takes. */
  stages: Stage[];
  wayBack: Stage[];
  attempt: number;
  maxAttempts: number;
  mode: string;
  severity: SeverityView;
  checks: CheckView[];
  findings: CauseView[];
  plan: PlanView | null;
  /** Changes that ran before `plan`, in their order. */
  earlier: PlanView[];
  attempts: AttemptView[];
  agents: AgentView[];
  /** Null where no model was asked. */
  models: ModelsView | null;
  /** As it was read last; null where none was. */
  telemetry: TelemetryView | null;
  transactions: TransactionView[];
  log: LogEntry[];
  result: ResultView | null;
  /** That another writer holds the lock, while nothing has been begun; empty when none does. */
  lockNote: string;
  owed: OwedView | null;
  /** Null where nothing that it kept is or was watched. */
  kept: KeptWatchView | null;
  /** Text of the button that starts the same once more; empty where there is nothing to repeat. */
  again: string;
  canCancel: boolean;
  cancelling: boolean;
}

/** Whether the run took something back, or began to; also later, by a person. */
export function wentBack({ wayBack }: Pick<RunSnapshot, 'wayBack'>): boolean {
  return wayBack.some(({ state }) => state !== 'todo');
}
