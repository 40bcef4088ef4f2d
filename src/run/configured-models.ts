import type { Brain } from '../domain/brain.ts';
import type { ChatModel, ToolSpec } from '../domain/chat.ts';
import type { Clock } from '../domain/clock.ts';
import type { ModelEndpoint } from '../domain/model-settings.ts';
import { DEFAULT_MODEL_USE } from '../domain/model-settings.ts';
import { StratusError } from '../domain/stratus-error.ts';
import type { Target } from '../domain/target.ts';
import type { AppConfig } from './app-config.ts';
import type { FoundModel, ModelProbe, Models, ReadTools } from './models.ts';
import { DiagnosisFiles } from './brains/diagnosis-files.ts';
import type { ProposedPlan } from './brains/proposed-plan.ts';
import { proposedPlan } from './brains/proposed-plan.ts';
import type { Sessions } from './sessions.ts';

/** Code of models is a bundle of its own, loaded when the first one is used. */
const parts = () => import('./brains/model-parts.ts');

/** The model that the settings name, its brain and its tools. */
export class ConfiguredModels implements Models, ReadTools {
  readonly #config: AppConfig;
  readonly #clock: Clock;
  readonly #playbook: Brain;
  readonly #sessions: Sessions;

  constructor(config: AppConfig, clock: Clock, playbook: Brain, sessions: Sessions) {
    this.#config = config;
    this.#clock = clock;
    this.#playbook = playbook;
    this.#sessions = sessions;
  }

  configured(): string | null {
    const { chat, model } = this.#config;
    return chat?.name ?? model?.model ?? null;
  }

  /** Makes the brain of one run; null when no model is configured. */
  get brain(): (() => Promise<Brain>) | null {
    return this.configured() === null ? null : () => this.#brain();
  }

  async find(signal: AbortSignal): Promise<FoundModel[]> {
    return (await parts()).findLocalModels(signal);
  }

  async list(endpoint: Pick<ModelEndpoint, 'baseUrl' | 'apiKey'>, signal: AbortSignal): Promise<string[]> {
    return (await parts()).listModels(endpoint, signal);
  }

  async probe(signal: AbortSignal, tell: (probe: ModelProbe) => void): Promise<ModelProbe[]> {
    const { probeModel } = await parts();
    return probeModel(await this.#chat(), this.#clock, signal, tell);
  }

  async specs(): Promise<ToolSpec[]> {
    return (await parts()).toolSpecs();
  }

  async call(target: Target, tool: string, args: string, signal: AbortSignal): Promise<{ ok: boolean; text: string }> {
    const { callTool } = await parts();
    const session = await this.#sessions.of(target);
    const { snapshot, severity } = await (await session.severity([], signal, session.reader, 0)).read(signal);
    return callTool(tool, args, {
      target,
      snapshot,
      severity,
      reads: session.reader,
      playbook: this.#playbook,
      clock: this.#clock,
      signal,
      readSignals: async () =>
        (await (await session.telemetry.signals(signal))?.read(snapshot, severity, signal)) ?? null,
    });
  }

  async proposal(target: Target, args: unknown): Promise<ProposedPlan> {
    return proposedPlan(args, target);
  }

  async #brain(): Promise<Brain> {
    const { modelBrain } = await parts();
    const { secondModel, modelUse, promptFolder } = this.#config;
    if (!promptFolder)
      throw new StratusError('model', 'the prompts that come with Stratus are not there: install it again');
    return modelBrain({
      model: await this.#chat(),
      second: secondModel ? (await parts()).connectModel(secondModel, this.#clock) : null,
      use: { ...DEFAULT_MODEL_USE, ...modelUse },
      promptFolder,
      playbook: this.#playbook,
      memory: new DiagnosisFiles(this.#config.stateFolder, this.#clock, this.#scope),
    });
  }

  /** Where the model is, for what is remembered of it. */
  get #scope(): string {
    const { chat, model } = this.#config;
    return chat || !model ? `editor ${chat?.name ?? ''}` : `${model.provider} ${model.baseUrl} ${model.model}`;
  }

  async #chat(): Promise<ChatModel> {
    const { chat, model } = this.#config;
    if (chat) return chat;
    if (model) return (await parts()).connectModel(model, this.#clock);
    throw new StratusError('usage', 'no model is configured: set STRATUS_MODEL and STRATUS_MODEL_URL');
  }
}
