import type { KernelEvent } from '../../domain/kernel-metrics.ts';
import type { ModelPrice } from '../../domain/model-settings.ts';
import type { CommitRule } from '../../domain/severity.ts';

/**
 * Every id that package.json and the code share. A test keeps the two in step; nothing else may spell one of these
 * ids. Free of vscode, so that tests can read it.
 */

export const Command = {
  mitigate: 'stratus.mitigate',
  diagnose: 'stratus.diagnose',
  showRun: 'stratus.showRun',
  runAgain: 'stratus.runAgain',
  cancelRun: 'stratus.cancelRun',
  undoTransaction: 'stratus.undoTransaction',
  undoToHere: 'stratus.undoToHere',
  explainTransaction: 'stratus.explainTransaction',
  showInverse: 'stratus.showInverse',
  showHistory: 'stratus.showHistory',
  refreshUndoStack: 'stratus.refreshUndoStack',
  recover: 'stratus.recover',
  showDivergence: 'stratus.showDivergence',
  keepTransaction: 'stratus.keepTransaction',
  recoverFromCluster: 'stratus.recoverFromCluster',
  openTerminal: 'stratus.openTerminal',
  openEvidence: 'stratus.openEvidence',
  copySummary: 'stratus.copySummary',
  showModelRequests: 'stratus.showModelRequests',
  copyCommand: 'stratus.copyCommand',
  addCheck: 'stratus.addCheck',
  openSettings: 'stratus.openSettings',
  showLog: 'stratus.showLog',
  openDocs: 'stratus.openDocs',
  rehearseCommand: 'stratus.rehearseCommand',
  runInTransaction: 'stratus.runInTransaction',
  chooseModel: 'stratus.chooseModel',
  testModel: 'stratus.testModel',
  findTelemetry: 'stratus.findTelemetry',
  testTelemetry: 'stratus.testTelemetry',
  setTelemetryToken: 'stratus.setTelemetryToken',
  startWatching: 'stratus.startWatching',
  stopWatching: 'stratus.stopWatching',
} as const;
export type CommandId = (typeof Command)[keyof typeof Command];

/** What a tree hands to a command; only the id is read, so that commands can also be called by it. */
export interface TransactionHandle {
  transaction: string;
}
export interface WriteHandle extends TransactionHandle {
  write: number;
}

/** What the Incidents view hands to a command about a cause. */
export interface FindingHandle {
  run: string;
  finding: string;
}

/** What the Undo stack hands over for a command; `argv` excludes the word kubectl. */
export interface CommandHandle {
  argv: string[];
}

/** What a code lens hands to its command; `argv` excludes the word kubectl. */
export interface ScriptCommand {
  uri: string;
  argv: string[];
}

/** Where a run is to begin. With a fingerprint it is a target of before, and nothing is asked while it means the same. */
export interface TargetPreset {
  context?: string;
  namespace?: string;
  fingerprint?: string;
}

/** What the Incidents view hands over for a run. */
export interface RunHandle {
  runId: string;
}

/** Command id -> signature. Arguments are optional: each command asks when it was called from the palette. */
export interface CommandSignatures {
  [Command.mitigate]: (preset?: TargetPreset) => Promise<void>;
  [Command.diagnose]: (preset?: TargetPreset) => Promise<void>;
  [Command.showRun]: (run?: string) => Promise<void>;
  [Command.runAgain]: (handle?: RunHandle) => Promise<void>;
  [Command.cancelRun]: () => Promise<void>;
  [Command.undoTransaction]: (handle?: TransactionHandle) => Promise<void>;
  [Command.undoToHere]: (handle?: TransactionHandle) => Promise<void>;
  [Command.explainTransaction]: (handle?: TransactionHandle) => Promise<void>;
  [Command.showInverse]: (handle?: WriteHandle) => Promise<void>;
  [Command.showHistory]: () => Promise<void>;
  [Command.refreshUndoStack]: () => Promise<void>;
  [Command.recover]: () => Promise<void>;
  [Command.showDivergence]: (handle?: TransactionHandle) => Promise<void>;
  [Command.keepTransaction]: (handle?: TransactionHandle) => Promise<void>;
  [Command.recoverFromCluster]: () => Promise<void>;
  [Command.openTerminal]: () => Promise<void>;
  [Command.openEvidence]: (handle?: FindingHandle) => Promise<void>;
  [Command.copySummary]: (handle?: RunHandle) => Promise<void>;
  [Command.showModelRequests]: (handle?: RunHandle) => Promise<void>;
  [Command.copyCommand]: (handle?: CommandHandle) => Promise<void>;
  [Command.addCheck]: () => Promise<void>;
  [Command.openSettings]: () => Promise<void>;
  [Command.showLog]: () => Promise<void>;
  /** The index of the pages that come with the extension. */
  /** Without the id of a lint rule: the first page. */
  [Command.openDocs]: (rule?: string) => Promise<void>;
  [Command.rehearseCommand]: (command?: ScriptCommand) => Promise<void>;
  [Command.runInTransaction]: (command?: ScriptCommand) => Promise<void>;
  [Command.chooseModel]: () => Promise<void>;
  [Command.testModel]: () => Promise<void>;
  [Command.findTelemetry]: () => Promise<void>;
  [Command.testTelemetry]: () => Promise<void>;
  [Command.setTelemetryToken]: () => Promise<void>;
  [Command.startWatching]: (preset?: TargetPreset) => Promise<void>;
  [Command.stopWatching]: () => Promise<void>;
}

export const Setting = {
  kubectlPath: 'stratus.kubectl.path',
  kubeconfig: 'stratus.kubeconfig',
  protectedContexts: 'stratus.protectedContexts',
  approval: 'stratus.approval',
  checks: 'stratus.checks',
  commitRule: 'stratus.commitRule',
  maxAttempts: 'stratus.maxAttempts',
  maxCallers: 'stratus.maxCallers',
  timeLimit: 'stratus.timeLimitSeconds',
  allOrNothing: 'stratus.allOrNothing',
  lockSharedKeyFile: 'stratus.lock.sharedKeyFile',
  runbooksAllowed: 'stratus.runbooks.allowed',
  brain: 'stratus.brain',
  modelProvider: 'stratus.model.provider',
  modelBaseUrl: 'stratus.model.baseUrl',
  modelName: 'stratus.model.name',
  modelApiVersion: 'stratus.model.apiVersion',
  modelContextTokens: 'stratus.model.contextTokens',
  modelPrices: 'stratus.model.prices',
  modelBudget: 'stratus.model.budget',
  modelConfidenceThreshold: 'stratus.model.confidenceThreshold',
  modelMaxCommands: 'stratus.model.maxCommands',
  modelSecondOpinion: 'stratus.model.secondOpinion',
  modelFreeCommands: 'stratus.model.freeCommands',
  modelThoughtDropout: 'stratus.model.thoughtDropout',
  modelSummarise: 'stratus.model.summarise',
  modelMaskEmails: 'stratus.model.maskEmails',
  modelKeepBodies: 'stratus.model.keepBodies',
  telemetryPrometheus: 'stratus.telemetry.prometheus',
  telemetryAlertmanager: 'stratus.telemetry.alertmanager',
  telemetryTraces: 'stratus.telemetry.traces',
  telemetryLogs: 'stratus.telemetry.logs',
  telemetrySlos: 'stratus.telemetry.slos',
  telemetryTenant: 'stratus.telemetry.tenant',
  telemetryClusters: 'stratus.telemetry.clusters',
  telemetryCertificateAuthority: 'stratus.telemetry.certificateAuthority',
  telemetryPages: 'stratus.telemetry.pages',
  telemetryOffer: 'stratus.telemetry.offer',
  telemetryKernelMetrics: 'stratus.telemetry.kernelMetrics',
  watchContexts: 'stratus.watch.contexts',
  watchInterval: 'stratus.watch.intervalSeconds',
  watchAfterMitigation: 'stratus.watch.afterMitigationSeconds',
  lintEnabled: 'stratus.lint.enabled',
  lintCodeLens: 'stratus.lint.codeLens',
  lintRules: 'stratus.lint.rules',
  lintProtectedContexts: 'stratus.lint.protectedContexts',
  lintProtectedNamespaces: 'stratus.lint.protectedNamespaces',
  lintKubectl: 'stratus.lint.kubectl',
} as const;
export type SettingId = (typeof Setting)[keyof typeof Setting];

/**
 * `ask`: every plan waits for a person. `ask-unless-exact`: a plan whose every write can be undone exactly runs at
 * once. Protected contexts always ask.
 */
export type ApprovalMode = 'ask' | 'ask-unless-exact';

/** `auto`: playbooks, and a model beside them once one is chosen. */
export type BrainSetting = 'auto' | 'playbook' | 'model' | 'both';

/** `openai`: any server that speaks Chat Completions. `editor`: a model that the editor offers. */
export type ModelProvider = 'none' | 'openai' | 'azure' | 'editor';

/** Sources of telemetry, as settings call them. */
export type TelemetrySource = 'prometheus' | 'alertmanager' | 'traces' | 'logs';

/** Severity of a linter rule. */
export type LintLevel = 'off' | 'information' | 'warning' | 'error';

export interface SettingTypes {
  [Setting.kubectlPath]: string;
  [Setting.kubeconfig]: string;
  [Setting.protectedContexts]: string[];
  [Setting.approval]: ApprovalMode;
  [Setting.checks]: string[];
  [Setting.commitRule]: CommitRule;
  [Setting.maxAttempts]: number;
  /** Null: as usual. */
  [Setting.maxCallers]: number | null;
  [Setting.timeLimit]: number;
  [Setting.allOrNothing]: boolean;
  [Setting.lockSharedKeyFile]: string;
  [Setting.runbooksAllowed]: string[];
  [Setting.brain]: BrainSetting;
  [Setting.modelProvider]: ModelProvider;
  [Setting.modelBaseUrl]: string;
  [Setting.modelName]: string;
  [Setting.modelApiVersion]: string;
  /** 0: as the model's server says, or the default. */
  [Setting.modelContextTokens]: number;
  [Setting.modelPrices]: Record<string, ModelPrice>;
  [Setting.modelBudget]: Partial<Record<'usd' | 'tokens' | 'calls', number>>;
  [Setting.modelConfidenceThreshold]: number;
  [Setting.modelMaxCommands]: number;
  [Setting.modelSecondOpinion]: boolean;
  [Setting.modelFreeCommands]: boolean;
  [Setting.modelThoughtDropout]: boolean;
  [Setting.modelSummarise]: boolean;
  [Setting.modelMaskEmails]: boolean;
  [Setting.modelKeepBodies]: boolean;
  [Setting.telemetryPrometheus]: string;
  [Setting.telemetryAlertmanager]: string[];
  [Setting.telemetryTraces]: string;
  [Setting.telemetryLogs]: string;
  [Setting.telemetrySlos]: string[];
  [Setting.telemetryTenant]: string;
  /** By context. */
  [Setting.telemetryClusters]: Record<string, string>;
  [Setting.telemetryCertificateAuthority]: string;
  [Setting.telemetryPages]: Partial<Record<TelemetrySource, string>>;
  [Setting.telemetryOffer]: boolean;
  [Setting.telemetryKernelMetrics]: Partial<Record<KernelEvent, string[]>>;
  [Setting.watchContexts]: string[];
  [Setting.watchInterval]: number;
  /** 0: not at all. */
  [Setting.watchAfterMitigation]: number;
  [Setting.lintEnabled]: boolean;
  [Setting.lintCodeLens]: boolean;
  [Setting.lintRules]: Record<string, LintLevel>;
  [Setting.lintProtectedContexts]: string[];
  [Setting.lintProtectedNamespaces]: string[];
  [Setting.lintKubectl]: string;
}

/** Values of package.json, repeated for code that runs without it; the test compares them. */
export const SETTING_DEFAULTS: SettingTypes = {
  [Setting.kubectlPath]: '',
  [Setting.kubeconfig]: '',
  [Setting.protectedContexts]: ['*prod*'],
  [Setting.approval]: 'ask',
  [Setting.checks]: [],
  [Setting.commitRule]: 'strict',
  [Setting.maxAttempts]: 10,
  [Setting.maxCallers]: null,
  [Setting.timeLimit]: 1800,
  [Setting.allOrNothing]: false,
  [Setting.lockSharedKeyFile]: '',
  [Setting.runbooksAllowed]: [],
  [Setting.brain]: 'auto',
  [Setting.modelProvider]: 'none',
  [Setting.modelBaseUrl]: '',
  [Setting.modelName]: '',
  [Setting.modelApiVersion]: '',
  [Setting.modelContextTokens]: 0,
  [Setting.modelPrices]: {},
  [Setting.modelBudget]: {},
  [Setting.modelConfidenceThreshold]: 0.5,
  [Setting.modelMaxCommands]: 20,
  [Setting.modelSecondOpinion]: true,
  [Setting.modelFreeCommands]: false,
  [Setting.modelThoughtDropout]: false,
  [Setting.modelSummarise]: false,
  [Setting.modelMaskEmails]: false,
  [Setting.modelKeepBodies]: false,
  [Setting.telemetryPrometheus]: '',
  [Setting.telemetryAlertmanager]: [],
  [Setting.telemetryTraces]: '',
  [Setting.telemetryLogs]: '',
  [Setting.telemetrySlos]: [],
  [Setting.telemetryTenant]: '',
  [Setting.telemetryClusters]: {},
  [Setting.telemetryCertificateAuthority]: '',
  [Setting.telemetryPages]: {},
  [Setting.telemetryOffer]: true,
  [Setting.telemetryKernelMetrics]: {},
  [Setting.watchContexts]: [],
  [Setting.watchInterval]: 15,
  [Setting.watchAfterMitigation]: 300,
  [Setting.lintEnabled]: true,
  [Setting.lintCodeLens]: true,
  [Setting.lintRules]: {},
  [Setting.lintProtectedContexts]: [],
  [Setting.lintProtectedNamespaces]: ['kube-system', 'kube-public', 'kube-node-lease'],
  [Setting.lintKubectl]: '',
};

/** Language ids of documents that the linter reads; each is also an activation event. */
export const LINT_LANGUAGES: readonly string[] = [
  'yaml',
  'shellscript',
  'dockerfile',
  'makefile',
  'markdown',
  'helm',
  'github-actions-workflow',
  'dockercompose',
  'ansible',
];

export const ViewContainer = { onCall: 'stratus-oncall' } as const;

export const View = {
  incidents: 'stratus.incidents',
  undoStack: 'stratus.undoStack',
} as const;
export type ViewId = (typeof View)[keyof typeof View];

/** Type of the run view's panel; also its activation event. */
export const RUN_VIEW_TYPE = 'stratus.run';

export const ContextKey = {
  /** A run is under way in this window. */
  running: 'stratus.running',
  /** No usable kubeconfig was found; known after the views were first opened. */
  noKubeconfig: 'stratus.noKubeconfig',
  /** A usable one was found. Not the opposite: before anybody looked, neither holds. */
  hasKubeconfig: 'stratus.hasKubeconfig',
  /** A target is watched in this window. */
  watching: 'stratus.watching',
} as const;
export type ContextKeyId = (typeof ContextKey)[keyof typeof ContextKey];

export interface ContextKeyTypes {
  [ContextKey.running]: boolean;
  [ContextKey.noKubeconfig]: boolean;
  [ContextKey.hasKubeconfig]: boolean;
  [ContextKey.watching]: boolean;
}

/** `viewItem` values that menus of the trees look at. */
export const TreeItem = {
  undoable: 'transaction.undoable',
  recoverable: 'transaction.recoverable',
  diverged: 'transaction.diverged',
  closed: 'transaction.closed',
  write: 'write',
  command: 'command',
  finding: 'finding',
  runActive: 'run.active',
  runEnded: 'run.ended',
  watchRunning: 'watch.running',
  watchStopped: 'watch.stopped',
  incident: 'incident',
} as const;

/** Schemes of read-only documents. */
export const Scheme = {
  /** One side of an object's difference. */
  object: 'stratus-object',
  /** Explanation of a transaction, as Markdown. */
  explain: 'stratus-explain',
  /** What was looked at: logs, events, descriptions, objects. */
  look: 'stratus-look',
} as const;
