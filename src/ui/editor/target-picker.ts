import * as vscode from 'vscode';
import type { Target } from '../../domain/target.ts';
import type { ContextChoice, StratusApp } from '../../run/app.ts';
import type { Prompts } from './prompts.ts';

/**
 * Asks for context and namespace and pins the answer (I10). Nothing is assumed silently: the kubeconfig's current
 * context is only listed first.
 * @returns null when dismissed.
 */
export async function pickTarget(
  app: StratusApp,
  prompts: Prompts,
  isProtected: (context: string) => boolean,
  preset: { context?: string; namespace?: string } = {},
  purpose: string = vscode.l10n.t('Mitigate incident'),
): Promise<Target | null> {
  const contexts = await app.targets.contexts();
  if (contexts.length === 0) throw new Error('the kubeconfig has no contexts; set stratus.kubeconfig or KUBECONFIG');
  const preferred = preset.context ?? contexts.find(({ current }) => current)?.name;
  const context = await pickContext(contexts, preferred, prompts, isProtected, purpose);
  if (!context) return null;
  const namespace = await pickNamespace(app, context, preset.namespace, prompts, purpose);
  if (!namespace) return null;
  const options = { location: vscode.ProgressLocation.Window, title: `Stratus: asking ${context.server}` };
  return vscode.window.withProgress(options, () => app.targets.pin(context.name, namespace));
}

function pickContext(
  contexts: ContextChoice[],
  preferred: string | undefined,
  prompts: Prompts,
  isProtected: (context: string) => boolean,
  purpose: string,
): Promise<ContextChoice | undefined> {
  const first = (choice: ContextChoice) => (choice.name === preferred ? 0 : 1);
  return prompts.pick({
    title: vscode.l10n.t('{0} (1 of 2): which cluster?', purpose),
    placeholder: vscode.l10n.t('The run stays on this context, whatever the kubeconfig says later'),
    choices: [...contexts]
      .sort((a, b) => first(a) - first(b))
      .map((choice) => ({
        label: choice.name,
        description: choice.server,
        detail: isProtected(choice.name)
          ? vscode.l10n.t('$(shield) protected: changes need its name typed')
          : undefined,
        value: choice,
      })),
  });
}

function pickNamespace(
  app: StratusApp,
  context: ContextChoice,
  preset: string | undefined,
  prompts: Prompts,
  purpose: string,
): Promise<string | undefined> {
  const asChoice = (name: string, description?: string) => ({ label: name, description, value: name });
  const wait = new AbortController();
  const found = app.targets.namespaces(context.name, wait.signal).then((names) => names.map((name) => asChoice(name)));
  const initial = preset ?? context.namespace;
  const picked = prompts.pick({
    title: vscode.l10n.t('{0} (2 of 2): which namespace on {1}?', purpose, context.name),
    placeholder: vscode.l10n.t('Starts reading at once; nothing is changed before you approve it'),
    choices: [asChoice(initial, preset ? undefined : vscode.l10n.t('default of this context'))],
    more: found,
    typed: (text) => (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text) ? asChoice(text) : null),
  });
  return picked.finally(() => wait.abort());
}
