import * as vscode from 'vscode';
import type { ModelEndpoint } from '../../domain/model-settings.ts';
import type { FoundModel } from '../../run/models.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { ModelProvider, SettingId } from '../editor/contributions.ts';
import { Command, Setting } from '../editor/contributions.ts';
import { readSetting } from '../editor/editor-api.ts';
import { isLocal, normalBaseUrl } from '../editor/model-config.ts';
import type { Choice, Prompts } from '../editor/prompts.ts';
import { editorModelName } from './editor-model.ts';
import { askToUse } from './editor-consent.ts';
import type { ModelKeys } from './model-keys.ts';

export interface ChooserParts {
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  keys: ModelKeys;
  /** A key was kept or forgotten. */
  keyChanged(): void;
}

type Source =
  | { type: 'found'; found: FoundModel }
  | { type: 'editor'; chat: vscode.LanguageModelChat }
  | { type: 'openai' | 'azure' | 'none' };

/** What is written to the settings. */
interface Chosen {
  provider: ModelProvider;
  baseUrl: string;
  model: string;
}

const OPENAI_URL = 'https://api.openai.com/v1';

/** Asks which language model is used, and keeps the answer: names in the settings, the key in the secret storage. */
export class ModelChooser {
  readonly #parts: ChooserParts;

  constructor(parts: ChooserParts) {
    this.#parts = parts;
  }

  async choose(): Promise<void> {
    const source = await this.#pickSource();
    if (!source) return;
    const chosen = await this.#chosen(source);
    if (!chosen) return;
    await store(chosen);
    await this.#told(chosen);
  }

  async #pickSource(): Promise<Source | undefined> {
    const { prompts } = this.#parts;
    const looking = new AbortController();
    const provider = readSetting(Setting.modelProvider);
    const now =
      provider === 'none'
        ? vscode.l10n.t('Now: no model')
        : vscode.l10n.t('Now: {0}', readSetting(Setting.modelName) || provider);
    const other = vscode.l10n.t('Elsewhere');
    const choices: Choice<Source>[] = [
      {
        label: vscode.l10n.t('OpenAI-compatible server…'),
        description: vscode.l10n.t('OpenAI, llama.cpp, Ollama, vLLM, LM Studio and others, by their address'),
        group: other,
        value: { type: 'openai' },
      },
      { label: vscode.l10n.t('Azure OpenAI…'), group: other, value: { type: 'azure' } },
      {
        label: vscode.l10n.t('No model (playbooks only)'),
        description: vscode.l10n.t('Nothing is sent anywhere but to your cluster'),
        group: other,
        value: { type: 'none' },
      },
    ];
    const picked = prompts.pick<Source>({
      title: vscode.l10n.t('Choose a model'),
      placeholder: vscode.l10n.t('{0}. Looking on this machine and in the editor; a model only proposes', now),
      choices,
      more: this.#found(looking.signal),
    });
    return picked.finally(() => looking.abort());
  }

  /** On the usual ports of this machine, and in the editor. One of both may fail without hiding the other. */
  async #found(signal: AbortSignal): Promise<Choice<Source>[]> {
    const [local, own] = await Promise.allSettled([this.#local(signal), vscode.lm.selectChatModels({})]);
    const onPorts = local.status === 'fulfilled' ? local.value : [];
    const inEditor = own.status === 'fulfilled' ? own.value : [];
    const failed = [local, own].find((one) => one.status === 'rejected');
    if (failed && onPorts.length + inEditor.length === 0) throw failed.reason as Error;
    return [
      ...onPorts.map((found): Choice<Source> => ({
        label: found.model,
        description: `${found.server} · ${found.baseUrl}`,
        group: vscode.l10n.t('On this machine'),
        value: { type: 'found', found },
      })),
      ...inEditor.map((chat): Choice<Source> => ({
        label: editorModelName(chat),
        description: vscode.l10n.t('{0} · {1} tokens', chat.name, chat.maxInputTokens),
        group: vscode.l10n.t('Of this editor'),
        value: { type: 'editor', chat },
      })),
    ];
  }

  async #local(signal: AbortSignal): Promise<FoundModel[]> {
    const { app, release } = await this.#parts.lease();
    return app.models.find(signal).finally(release);
  }

  async #chosen(source: Source): Promise<Chosen | null> {
    switch (source.type) {
      case 'none':
        return { provider: 'none', baseUrl: '', model: '' };
      case 'found':
        return { provider: 'openai', baseUrl: source.found.baseUrl, model: source.found.model };
      case 'editor':
        if (!(await askToUse(source.chat))) return null;
        return { provider: 'editor', baseUrl: '', model: editorModelName(source.chat) };
      default:
        return this.#server(source.type);
    }
  }

  async #server(provider: 'openai' | 'azure'): Promise<Chosen | null> {
    const { prompts } = this.#parts;
    const kept = readSetting(Setting.modelProvider) === provider ? readSetting(Setting.modelBaseUrl) : '';
    const title = provider === 'azure' ? vscode.l10n.t('Azure OpenAI') : vscode.l10n.t('OpenAI-compatible server');
    const typed = await prompts.ask({
      title: vscode.l10n.t('{0} (1 of 3): address', title),
      prompt:
        provider === 'azure'
          ? vscode.l10n.t('The resource, as in https://NAME.openai.azure.com')
          : vscode.l10n.t('With the version part, as in http://127.0.0.1:8080/v1'),
      value: kept || (provider === 'openai' ? OPENAI_URL : ''),
      check: (text) =>
        normalBaseUrl(text) === null
          ? vscode.l10n.t('Write http://… or https://…, without user, question mark or key')
          : '',
    });
    const baseUrl = typed === undefined ? null : normalBaseUrl(typed);
    if (baseUrl === null || !(await this.#mayBeSent(baseUrl))) return null;
    const apiKey = await this.#askKey({ provider, baseUrl }, title);
    if (apiKey === undefined) return null;
    const model = await this.#askModel({ provider, baseUrl, apiKey }, title);
    if (model === undefined) return null;
    return { provider, baseUrl, model };
  }

  /** What is read of a cluster leaves this machine: the person says whether it may. */
  async #mayBeSent(baseUrl: string): Promise<boolean> {
    if (isLocal(baseUrl)) return true;
    const open = baseUrl.startsWith('http:');
    return this.#parts.prompts.confirm(
      vscode.l10n.t('Send what Stratus reads of your clusters to {0}?', new URL(baseUrl).host),
      [
        vscode.l10n.t(
          'Names, specs, events and lines of logs are sent while a run thinks. Secret values and what looks like a credential are masked first.',
        ),
        ...(open ? [vscode.l10n.t('The address is http: anybody on the way can read along.')] : []),
      ].join('\n'),
      vscode.l10n.t('Send'),
    );
  }

  /** @returns the key in force from now on, null for none, undefined when dismissed */
  async #askKey(place: Pick<ModelEndpoint, 'provider' | 'baseUrl'>, title: string): Promise<string | null | undefined> {
    const { prompts, keys, keyChanged } = this.#parts;
    const known = await keys.of(place);
    const typed = await prompts.ask({
      title: vscode.l10n.t('{0} (2 of 3): key', title),
      prompt: known
        ? vscode.l10n.t('Empty keeps the key that is stored for this address; a hyphen forgets it')
        : vscode.l10n.t(
            'Kept in the secret storage of the editor, for this address only. Empty: the server wants none',
          ),
      secret: true,
      check: (text) =>
        /[^\x21-\x7e]/.test(text.trim()) ? vscode.l10n.t('A key has no spaces and no special letters') : '',
    });
    if (typed === undefined) return undefined;
    const key = typed.trim();
    if (key === '') return known;
    if (key === '-') await keys.forget(place);
    else await keys.keep(place, key);
    keyChanged();
    return key === '-' ? null : key;
  }

  async #askModel(
    { provider, baseUrl, apiKey }: Pick<ModelEndpoint, 'provider' | 'baseUrl' | 'apiKey'>,
    title: string,
  ): Promise<string | undefined> {
    const { prompts, lease } = this.#parts;
    const asking = new AbortController();
    const listed = async (): Promise<Choice<string>[]> => {
      const { app, release } = await lease();
      const names = await app.models.list({ baseUrl, apiKey }, asking.signal).finally(release);
      return names.map((name) => ({ label: name, value: name }));
    };
    const picked = prompts.pick<string>({
      title: vscode.l10n.t('{0} (3 of 3): which model?', title),
      placeholder:
        provider === 'azure'
          ? vscode.l10n.t('Type the name of the deployment')
          : vscode.l10n.t('Choose one that the server lists, or type its name'),
      choices: [],
      // Azure tells its deployments to administrators only.
      ...(provider === 'azure' ? {} : { more: listed() }),
      typed: (text) => ({ label: text, value: text }),
    });
    return picked.finally(() => asking.abort());
  }

  async #told({ provider, model }: Chosen): Promise<void> {
    const { prompts } = this.#parts;
    if (provider === 'none') {
      await prompts.notify('info', vscode.l10n.t('Playbooks think alone from the next run on. No model is asked.'));
      return;
    }
    const test = vscode.l10n.t('Test Model');
    const text = vscode.l10n.t(
      '{0} is asked from the next run on, where playbooks have no fix. It only proposes. Its price is unknown unless stratus.model.prices names it.',
      model,
    );
    // Not awaited: a notification stays until someone closes it.
    void prompts.notify('info', text, test).then(async (answer) => {
      if (answer === test) await vscode.commands.executeCommand(Command.testModel);
    });
  }
}

/** The provider comes last, and none first: no moment in which a name goes with the address of another. */
async function store({ provider, baseUrl, model }: Chosen): Promise<void> {
  const settings: [SettingId, string][] = [
    [Setting.modelProvider, 'none'],
    [Setting.modelBaseUrl, baseUrl],
    [Setting.modelName, model],
    [Setting.modelProvider, provider],
  ];
  for (const [id, value] of settings)
    await vscode.workspace
      .getConfiguration()
      .update(id, value === '' ? undefined : value, vscode.ConfigurationTarget.Global);
}
