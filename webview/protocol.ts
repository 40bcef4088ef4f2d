/**
 * What the run view and its host say to each other. The host owns all state and sends complete snapshots, because a
 * hidden page misses messages; the page asks by request. Nothing in here may carry a Secret's value.
 */

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

export interface SeverityPoint {
  /** Milliseconds since the epoch. */
  at: number;
  /** Null when severity could not be read. */
  mu: number | null;
  label: string;
}

/** A moment that a drawing marks. `fix`: writes of this run. */
export interface MarkView {
  kind: 'change' | 'alert' | 'fix';
  /** Milliseconds since the epoch. */
  at: number;
  label: string;
}

export interface SeverityItemView {
  id: string;
  source: 'alert' | 'signal' | 'check' | 'object';
  object: string;
  message: string;
  /** `unread`: what was read of it no longer holds, for a change was taken back since. */
  state: 'present' | 'gone' | 'new' | 'unread';
  /** Namespace that a check asks although the run does not look at it; empty otherwise. */
  elsewhere: string;
  /** Looks that its object has. */
  looks: Look[];
}

export interface CheckView {
  name: string;
  /** `unread` as for items of severity. */
  state: 'ok' | 'bad' | 'unknown' | 'absent' | 'unread';
}

/** What can be opened about an object, read only. */
export type Look = 'logs' | 'previous' | 'follow' | 'events' | 'describe' | 'yaml';

export interface EvidenceView {
  /** Looks that its object has. */
  looks: Look[];
  source: string;
  object: string;
  field: string;
  text: string;
}

export interface FindingView {
  id: string;
  severity: 'critical' | 'warning' | 'info';
  object: string;
  message: string;
  evidence: EvidenceView[];
  /** The plan in hand is for this finding. */
  chosen: boolean;
  /** Why no fix is known, one sentence; empty where one is. */
  unfixed: string;
  /** Looks that the object it names has. */
  looks: Look[];
}

/** Somebody takes a finding for the cause. */
export interface BeliefView {
  /** 0..1, by how directly the evidence speaks for it. */
  confidence: number;
  /** What a model itself says, 0..1; null where none was asked for a number. */
  own: number | null;
  /** Rule or model. */
  by: string;
}

/** A finding with those that it explains. */
export interface CauseView extends FindingView {
  symptoms: FindingView[];
  beliefs: BeliefView[];
}

export type UndoClassView = 'exact' | 'consequences' | 'unknown' | 'losses' | 'one-way';

export interface FieldChange {
  /** Dotted path as engineers write it: `spec.ports[0].targetPort`. */
  path: string;
  /** Short texts; null when the field is absent on that side. */
  before: string | null;
  after: string | null;
}

export interface WriteView {
  /** Position in its step; names the write in `openDiff`. */
  index: number;
  object: string;
  /** `run`: a command in a container, which writes no object. */
  verb: 'create' | 'change' | 'delete' | 'run';
  changes: FieldChange[];
  /** Changed fields that `changes` leaves out. */
  moreChanges: number;
  undo: UndoClassView;
  inverse: string;
  residue: string[];
}

export interface StepView {
  /** As one would type it. */
  command: string;
  why: string;
  ok: boolean;
  problem: string;
  partial: boolean;
  state: 'proposed' | 'running' | 'done' | 'undone' | 'failed';
  /** How far it reaches, a line each; empty where the plan has no other step. */
  reach: string[];
  writes: WriteView[];
}

export interface PlanView {
  /** What an approval is bound to; null until the rehearsal ended. */
  hash: string | null;
  title: string;
  expects: string;
  /** Why a person has to look at it, whatever the settings; empty: nothing speaks for that. */
  needsPerson: string;
  /** How far it reaches beyond what it writes, a line each; empty until it was rehearsed. */
  reach: string[];
  steps: StepView[];
  attempt: number;
  /** What became of it. `unfinished`: it ran, and its undo is not complete. */
  fate: 'proposed' | 'running' | 'interrupted' | 'kept' | 'undone' | 'unfinished' | 'rejected' | 'failed';
  /** True while the run waits for this plan's approval. */
  awaiting: boolean;
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

/** One call of a tool by an agent. */
export interface ToolCallView {
  /** Position among all of the run, from one; a call never changes. */
  id: number;
  tool: string;
  args: string;
  /** What it answered, in short. */
  digest: string;
  evidence: EvidenceView[];
}

/** An agent that asks a model. */
export interface AgentView {
  who: 'detection' | 'diagnosis' | 'mitigation' | 'undo';
  /** Its latest thought. */
  thought: string;
  /** The thought goes on: the next text replaces it. */
  thinking: boolean;
  /** The latest ones. */
  tools: ToolCallView[];
  /** Earlier ones, which `tools` leaves out. */
  moreTools: number;
  /** What its calls of a model took, in words; empty while none has ended. */
  spend: string;
}

export interface SpendView {
  calls: number;
  /** `about` where nobody counted them. */
  tokens: string;
  /** In dollars, or that it is unknown. */
  cost: string;
}

/** Models that were asked, and what that took. */
export interface ModelsView {
  names: { name: string; scripted: boolean }[];
  roles: ({ who: AgentView['who'] } & SpendView)[];
  total: SpendView;
  /** Limits of the run's budget. */
  limits: { what: 'dollars' | 'tokens' | 'calls'; used: number; limit: number; text: string }[];
  /** One brain gave way to another. `failed`: not because it knew no more. */
  handOvers: { text: string; failed: boolean }[];
}

/** A chart with its numbers as they are drawn: seconds from `from`, heights in thousandths of the plot, 0 at its foot. */
export interface ChartView {
  title: string;
  /** Says what the drawing shows. */
  label: string;
  /** Left edge, milliseconds since the epoch. */
  from: number;
  /** From the left edge to the right one. */
  seconds: number;
  /** What foot and top of the plot stand for. */
  low: string;
  high: string;
  /** The first is what it is about, others go on from it. `values` has a text for each point. */
  lines: { label: string; points: [seconds: number, height: number][]; values: string[] }[];
  threshold: { height: number; label: string } | null;
  band: { low: number; high: number; label: string } | null;
  /** Within the plot, oldest first. */
  marks: MarkView[];
}

/** Something that telemetry shows of one object. */
export interface SignalView {
  level: 'incident' | 'early' | 'forecast';
  /** How it stands, in words. */
  standing: string;
  object: string;
  message: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where its series can be opened (a host); empty where nowhere. */
  source: string;
  chart: ChartView | null;
}

/** Where traces say that the trouble begins. */
export interface SuspectView {
  object: string;
  /** The one pod of several that it comes from; empty otherwise. */
  pod: string;
  message: string;
  /** How sure that is, in words. */
  sure: string;
}

/** One trace as a waterfall. */
export interface TraceView {
  id: string;
  duration: string;
  /** Where it can be opened (a host); empty where nowhere. */
  source: string;
  /** Calls that are left out. */
  cut: number;
  rows: {
    service: string;
    operation: string;
    /** 0 for what nothing called. */
    depth: number;
    /** Start and length in thousandths of the trace. */
    from: number;
    length: number;
    duration: string;
    error: boolean;
  }[];
}

/** Things that belong together. */
export interface TogetherView {
  /** `4 things belong together`. */
  what: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Where it begins; empty where that is not known. */
  root: string;
  reason: string;
  /** Oldest first. `since`: null where nobody tells. */
  members: { source: 'alert' | 'signal' | 'object' | 'check'; message: string; since: number | null; why: string }[];
  /** Members that are left out. */
  more: number;
}

/** What programs write since something began. */
export interface LogsView {
  /** Who was asked. */
  source: string;
  /** Where it can be opened (a host); empty where nowhere. */
  host: string;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  rows: {
    /** `new`: never said before. `trouble`: it speaks of trouble. */
    mark: 'new' | 'trouble' | 'said';
    /** Whose logs say it; empty where several do, or nobody can tell. */
    object: string;
    text: string;
    /** How often, and how often before, in words. */
    said: string;
    first: number;
    last: number;
  }[];
  /** Kinds of lines that are left out. */
  more: number;
  /** Why it cannot be told what is new; empty where it can. */
  unknown: string;
}

export interface TelemetryView {
  /** When it was read, milliseconds since the epoch. */
  at: number;
  signals: SignalView[];
  suspects: SuspectView[];
  trace: TraceView | null;
  together: TogetherView[];
  logs: LogsView | null;
  /** What kernels count that is not as usual, a sentence each. */
  kernel: string[];
  /** What could not be judged or asked, a sentence each. */
  unknown: string[];
}

export interface TransactionView {
  id: string;
  /** What it was for; empty where that is not known. */
  title: string;
  /** Interrupted: left open by a process that is gone. */
  state: 'committed' | 'undone' | 'undoing' | 'diverged' | 'open' | 'interrupted';
}

export interface ResultView {
  outcome: string;
  seconds: number;
  /** Writes of the fixes, without those of undos. */
  writes: number;
  /** Writes that took something back, by the run or later. */
  undoWrites: number;
  attempts: number;
}

/** An unfinished transaction of one's own for whose sake the run did not begin. */
export interface OwedView {
  transaction: string;
  title: string;
  /** What it wrote to. */
  objects: string[];
  /** `settled`: undone or kept meanwhile. */
  state: 'interrupted' | 'diverged' | 'settled';
}

/** Watching, for a time after the end of a run, what it kept. */
export interface KeptWatchView {
  /**
   * `asking`: it got worse, and a person may take it back. `left`: that person wanted it to stay. `unfinished`: its undo did
   * not come to its end, or not all is as before. `unknown`: how it went on. `stopped`: before its time.
   */
  state: 'watching' | 'asking' | 'undoing' | 'held' | 'undone' | 'left' | 'unfinished' | 'unknown' | 'stopped';
  /** When it will end, milliseconds since the epoch; null where it has ended or waits. */
  until: number | null;
  /** What was written, by name; not all where there are many. */
  objects: string[];
  /** What got worse, why nothing is known, or why it ended: a sentence without a full stop, or empty. */
  reason: string;
}

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
  severity: {
    before: number | null;
    now: number | null;
    points: SeverityPoint[];
    items: SeverityItemView[];
    /** Alerts that it knows of, and what was written and taken back; oldest first. */
    marks: MarkView[];
    /** What was read no longer holds: a change was taken back, or half taken back, since. */
    stale: boolean;
  };
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

/** Answer to a request that may be refused: `problem` is empty when it was accepted. */
export interface Reply {
  problem: string;
}

/** Requests of the page: name -> [parameters, result]. */
export interface Requests {
  ready: [Record<string, never>, { snapshot: RunSnapshot | null }];
  /** Whether the host is there. */
  alive: [Record<string, never>, Reply];
  approve: [{ run: string; hash: string }, Reply];
  reject: [{ run: string; hash: string; reason: string }, Reply];
  cancel: [{ run: string }, Reply];
  openDiff: [{ run: string; hash: string; step: number; write: number }, Reply];
  /** The same target once more, as a new run. */
  again: [{ run: string }, Reply];
  undo: [{ run: string; transaction: string }, Reply];
  /** Compares what an undo could not restore, or shows what was written. */
  inspect: [{ run: string; transaction: string }, Reply];
  /** Closes an unfinished transaction as it stands. */
  keep: [{ run: string; transaction: string }, Reply];
  /** Ends watching what the run kept. */
  stopKeptWatch: [{ run: string }, Reply];
  /** Whether what the run kept, and what got worse since, is taken back: `undo` or `keep`. */
  answerKeptWatch: [{ run: string; answer: string }, Reply];
  showUndoStack: [Record<string, never>, Reply];
  /** Opens what a finding (`evidence` -1) or one evidence of it speaks of. */
  look: [{ run: string; finding: string; evidence: number; look: Look }, Reply];
  /** Opens what an item of severity is about. */
  lookAt: [{ run: string; item: string; look: Look }, Reply];
  /** Opens what the answer of a tool speaks of. @see ToolCallView */
  lookAtTool: [{ run: string; call: number; evidence: number; look: Look }, Reply];
  /** Opens where the trace (`signal` -1), the logs (-2) or the series of a signal come from. */
  openSource: [{ run: string; signal: number }, Reply];
  /** Looks for telemetry in the cluster of the run. */
  findTelemetry: [{ run: string }, Reply];
  /** Opens what was asked of models, and what they answered. */
  showModelRequests: [{ run: string }, Reply];
  /** Copies a finding with its evidence as text. */
  copyFinding: [{ run: string; finding: string }, Reply];
  copySummary: [{ run: string }, Reply];
  /** Copies the command of a step as one would type it; `hash` is empty for a plan that has none yet. */
  copyCommand: [{ run: string; hash: string; step: number }, Reply];
  /** A read-only terminal on the run's target. */
  terminal: [{ run: string }, Reply];
  /** Looks for incidents where a failing check points. */
  goTo: [{ run: string; namespace: string }, Reply];
  /** Sets up a request check for the run's namespace. */
  addCheck: [{ run: string }, Reply];
}

export type RequestName = keyof Requests;
export type Params<N extends RequestName> = Requests[N][0];
export type Result<N extends RequestName> = Requests[N][1];

export type ToHost = { [N in RequestName]: { type: 'request'; id: number; name: N; params: Params<N> } }[RequestName];

export type ToPage =
  | { type: 'snapshot'; snapshot: RunSnapshot }
  | { type: 'reply'; id: number; result: Result<RequestName> }
  /** The host could not serve a request; one line for people. */
  | { type: 'failure'; id: number; problem: string };

/** What survives a reload of the window, for the host to find the run again: never anything about the cluster. */
export interface PageState {
  run: string;
}

const REQUEST_NAMES: Record<RequestName, true> = {
  ready: true,
  alive: true,
  approve: true,
  reject: true,
  cancel: true,
  openDiff: true,
  again: true,
  undo: true,
  inspect: true,
  keep: true,
  stopKeptWatch: true,
  answerKeptWatch: true,
  showUndoStack: true,
  look: true,
  lookAt: true,
  lookAtTool: true,
  openSource: true,
  findTelemetry: true,
  showModelRequests: true,
  copyFinding: true,
  copySummary: true,
  copyCommand: true,
  terminal: true,
  goTo: true,
  addCheck: true,
};

/** Whether the run took something back, or began to; also later, by a person. */
export function wentBack({ wayBack }: Pick<RunSnapshot, 'wayBack'>): boolean {
  return wayBack.some(({ state }) => state !== 'todo');
}

/** Messages come from a page and are checked like any other input. */
export function isToHost(message: unknown): message is ToHost {
  if (typeof message !== 'object' || message === null) return false;
  const { type, id, name, params } = message as Record<string, unknown>;
  return (
    type === 'request' &&
    typeof id === 'number' &&
    typeof name === 'string' &&
    Object.hasOwn(REQUEST_NAMES, name) &&
    typeof params === 'object' &&
    params !== null &&
    Object.values(params).every((value) => typeof value === 'string' || typeof value === 'number')
  );
}
