import type { StratusApp } from '../../run/app.ts';
import type { ContextChoice } from '../../run/targets.ts';
import { ContextKey } from './contributions.ts';
import type { ContextKeys } from './editor-api.ts';
import type { TargetMemory } from './target-memory.ts';

/**
 * Looks which contexts there are: the views say when there is none.
 * @returns the context that the status bar names while there is no run: the one chosen last, else the kubeconfig's
 */
export async function checkKubeconfig(
  app: () => Promise<StratusApp>,
  keys: ContextKeys,
  memory: TargetMemory,
): Promise<string | undefined> {
  const contexts = await app()
    .then((ready) => ready.targets.contexts())
    // One that cannot be read has none, which the views say.
    .catch((): ContextChoice[] => []);
  keys.set(ContextKey.noKubeconfig, contexts.length === 0);
  keys.set(ContextKey.hasKubeconfig, contexts.length > 0);
  const names = contexts.map(({ name }) => name);
  const last = memory.last()?.context;
  return last && names.includes(last) ? last : (contexts.find(({ current }) => current)?.name ?? names[0]);
}
