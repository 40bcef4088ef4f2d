import { dirname, join } from 'node:path';
import type * as vscode from 'vscode';
import type { Assistant, AssistantParts } from './assistant.ts';
import type { CreateApp } from './editor/app-loader.ts';
import { BusyTime } from './editor/busy-time.ts';
import { loadBundle } from './editor/code-cache.ts';
import type { MakeEditorModel } from './editor/model-config.ts';
import type { ModelKeys } from './model/model-keys.ts';
import type { TelemetryTokens } from './telemetry/telemetry-tokens.ts';
import type { ConnectLinter } from './lint/lint-client.ts';
import type * as LintConnectionBundle from './lint/lint-connection.ts';
import type { OnDemand, OnDemandParts } from './on-demand.ts';

/** Parts that are bundles of their own, read when first used: activation must not pay for them. */

/** The application with its Kubernetes client, by far the largest part of the extension; and what opens its servers. */
export function appLoading(keys: ModelKeys, tokens: TelemetryTokens): CreateApp {
  return async (settings) => {
    const { model, telemetry } = settings;
    const config = telemetry ? { ...settings, telemetry: await tokens.with(telemetry) } : settings;
    // Where the storage cannot be read there is no key, and the model's server says so.
    const apiKey = model ? await keys.of(model).catch(() => null) : null;
    const { createApp } = await import('../run/create-app.ts');
    return createApp(model ? { ...config, model: { ...model, apiKey } } : config);
  };
}

/**
 * Models that the editor offers, each read when it is first asked.
 * @param access tells whether the person has agreed that one is used
 */
export function editorModels(access: vscode.LanguageModelAccessInformation): MakeEditorModel {
  return (name, contextTokens) => ({
    name,
    contextTokens,
    complete: async function* (request, signal) {
      const { EditorModel, editorChatApi } = await import('./assistant.ts');
      const mayUse = (chat: vscode.LanguageModelChat) => access.canSendRequest(chat);
      yield* new EditorModel(name, contextTokens, { api: editorChatApi, mayUse }).complete(request, signal);
    },
  });
}

/** What has to do with language models and other agents. */
export async function loadAssistant(parts: AssistantParts): Promise<Assistant> {
  return (await import('./assistant.ts')).createAssistant(parts);
}

/** Parts that people ask for now and then. */
export async function loadOnDemand(parts: OnDemandParts): Promise<OnDemand> {
  const { createOnDemand } = await import('./on-demand.ts');
  return createOnDemand(parts);
}

/**
 * The client of the language server, whose bundle lies beside the server's.
 * @param cache folder for what is compiled of it
 */
export function loadLinter(cache: string): ConnectLinter {
  return async (options) => {
    const busy = new BusyTime();
    busy.count();
    const bundle = join(dirname(options.server), 'lint-connection.cjs');
    const { exports, keep } = loadBundle<typeof LintConnectionBundle>(bundle, cache);
    const connection = await exports.connectLinter(options, busy);
    // Without it the next start only takes longer.
    void keep().catch(() => undefined);
    return connection;
  };
}
