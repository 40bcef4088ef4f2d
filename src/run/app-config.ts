import type { Budget } from '../domain/budget.ts';
import type { ChatModel } from '../domain/chat.ts';
import type { ModelEndpoint, ModelUse } from '../domain/model-settings.ts';
import type { TelemetryConfig } from './telemetry/telemetry-config.ts';

/** What the application is made with, wherever its settings come from. */
export interface AppConfig {
  /** `$STRATUS_HOME` or the platform's state directory. */
  stateFolder: string;
  /** Absolute path of kubectl; found on PATH when absent. */
  kubectlPath?: string;
  /** Value of `$KUBECONFIG` to honour. */
  kubeconfig?: string;
  /** The team's key for the journal copy in the cluster (64 hex digits or base64 of 32 bytes); none: no copy is kept. */
  sharedKey?: string;
  /** File that holds it, where `sharedKey` is not given. */
  sharedKeyFile?: string;
  /** Namespace of the writer lock; default `kube-system`. All writers of a cluster must agree on it. */
  lockNamespace?: string;
  /** Seconds without renewal after which others may take the writer lock, 6 to 300; default 30. */
  lockSeconds?: number;
  /** Folder of the actions that come with Stratus; absent: there are none. */
  packFolder?: string;
  /** Digests of those of them that the user's settings allow, beside what `stratus runbook allow` did. */
  allowedActions?: readonly string[];
  /** None: there is no model, and the playbooks think alone. */
  model?: ModelEndpoint | null;
  /** For the second opinion; default: the same with another prompt. */
  secondModel?: ModelEndpoint | null;
  /** A model that is no server, such as the editor's own; comes before `model`. */
  chat?: ChatModel;
  modelUse?: Partial<ModelUse>;
  /** What models may spend in one run; default: no limit. */
  budget?: Partial<Budget>;
  /** Folder of the prompts that come with Stratus; absent: no model can be asked. */
  promptFolder?: string;
  /** Telemetry that is read; default: none. */
  telemetry?: TelemetryConfig;
  /** Where relative file arguments of the engineer's own command are looked up; agents' commands have none. */
  workingFolder?: string;
}
