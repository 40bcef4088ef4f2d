import { join } from 'node:path';
import { homedir } from 'node:os';
import { lockSecondsOf } from '../../cluster/lock/lease-record.ts';
import { stateFolder } from '../../gateway/journal/state-folder.ts';
import type { AppConfig } from '../../run/app-config.ts';
import { isProtected } from '../../domain/autonomy.ts';
import type { RunOptions } from '../../domain/run-event.ts';
import { DEFAULT_OPTIONS } from '../../domain/run-event.ts';
import type { ClusterTelemetry } from './cluster-telemetry.ts';
import { Setting } from './contributions.ts';
import { extensionFolder, readSetting } from './editor-api.ts';
import type { MakeEditorModel } from './model-config.ts';
import { modelConfig } from './model-config.ts';
import { namesTelemetry, telemetryConfig } from './telemetry-config.ts';

/** Reads the settings at the moment they are needed; a run keeps the ones it was started with. */

/**
 * @param editorModel makes a model that the editor offers
 * @param clusters telemetry that was accepted for clusters
 */
export function appConfig(editorModel: MakeEditorModel, clusters: ClusterTelemetry): AppConfig {
  const kubectlPath = expandHome(readSetting(Setting.kubectlPath).trim());
  const kubeconfig = expandHome(readSetting(Setting.kubeconfig).trim()) || process.env.KUBECONFIG;
  const sharedKeyFile =
    expandHome(readSetting(Setting.lockSharedKeyFile).trim()) || process.env.STRATUS_SHARED_KEY_FILE;
  const folder = extensionFolder();
  return {
    // The same folder as the command line's: journal and key are shared.
    stateFolder: stateFolder(process.env, process.platform),
    lockSeconds: lockSecondsOf(process.env.STRATUS_LOCK_SECONDS),
    ...(process.env.STRATUS_LOCK_NAMESPACE ? { lockNamespace: process.env.STRATUS_LOCK_NAMESPACE } : {}),
    ...(process.env.STRATUS_SHARED_KEY ? { sharedKey: process.env.STRATUS_SHARED_KEY } : {}),
    ...(sharedKeyFile ? { sharedKeyFile } : {}),
    ...(folder ? { packFolder: join(folder, 'runbooks') } : {}),
    allowedActions: readSetting(Setting.runbooksAllowed),
    ...(kubectlPath ? { kubectlPath } : {}),
    ...(kubeconfig ? { kubeconfig } : {}),
    ...modelConfig(readSetting, folder, editorModel),
    ...telemetryConfig(readSetting, expandHome, clusters.accepted()),
  };
}

export function isProtectedContext(context: string): boolean {
  return isProtected(context, readSetting(Setting.protectedContexts));
}

/** Whether telemetry may be looked for, to be offered: nothing names any, and the person did not forbid it. */
export function mayOfferTelemetry(): boolean {
  return readSetting(Setting.telemetryOffer) && !namesTelemetry(readSetting);
}

export function runOptions(): RunOptions {
  const maxCallers = readSetting(Setting.maxCallers);
  return {
    ...DEFAULT_OPTIONS,
    maxAttempts: readSetting(Setting.maxAttempts),
    wallClockMs: readSetting(Setting.timeLimit) * 1_000,
    commitRule: readSetting(Setting.commitRule),
    allOrNothing: readSetting(Setting.allOrNothing),
    ...(typeof maxCallers === 'number' ? { maxCallers } : {}),
  };
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
