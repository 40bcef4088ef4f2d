import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { hasPatchableTemplate } from '../../../../kube/container-trouble.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import { setField } from '../../clues/patches/container-patch.ts';
import { isMisspelling } from '../../clues/names/similar-names.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence } from '../../engine/analyzer.ts';
import { partFixes } from '../../clues/former/part-fixes.ts';
import type { Fixes } from '../../clues/former/part-fixes.ts';

const TYPES = new Set(['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg']);

/**
 * Pull secrets that the template names and that do not exist: those that it named before, else the one pull secret of the
 * namespace of which the name is a misspelling. What it holds opens a registry to the node, not to the program.
 */
export function missingPullSecrets(view: ClusterView, workload: KubeObject): Fixes & { names: string[] } {
  const { namespace } = workload.metadata;
  const template = podTemplateOf(workload);
  const none = { names: [], fixes: [], reasons: [] };
  if (!template || !view.known('Secret') || !view.inScope(namespace)) return none;
  const exists = (name: unknown) => view.find('Secret', namespace, String(name)) !== undefined;
  const missing = listOf(template.spec?.imagePullSecrets)
    .map((secret, index) => ({ name: String(secret?.name ?? ''), index }))
    .filter(({ name }) => name !== '' && !exists(name));
  const reasons = missing.map(({ name, index }): Evidence => {
    const field = `${template.field}.imagePullSecrets[${index}]`;
    return evidence('spec', workload, field, `pull secret ${name} does not exist`);
  });
  if (missing.length === 0 || !hasPatchableTemplate(workload)) return { ...none, reasons };
  const former = partFixes(
    view,
    workload,
    (pointer) => pointer === '/imagePullSecrets' || pointer.startsWith('/imagePullSecrets/'),
    0.95,
    ({ podSpec }) => listOf(podSpec?.imagePullSecrets).every((secret) => exists(secret?.name)),
  );
  const meant = missing.map(({ name, index }) => {
    const like = view
      .all('Secret', namespace)
      .filter(({ type, metadata }) => TYPES.has(String(type)) && isMisspelling(name, metadata.name));
    return like.length === 1 ? { name, index, secret: like[0]! } : null;
  });
  const found = meant.filter((each) => each !== null);
  const renamed =
    found.length === missing.length
      ? [
          {
            changes: [
              jsonPatch(
                workload,
                found.flatMap(({ name, index, secret }) =>
                  setField(`${template.pointer}/imagePullSecrets/${index}`, { name }, 'name', secret.metadata.name),
                ),
              ),
              ...replaceStuckPods(view, workload),
            ],
            expects: `the images of ${workload.kind} ${workload.metadata.name} are pulled with pull secret ${found.map(({ secret }) => secret.metadata.name).join(', ')}`,
            confidence: 0.85,
          },
        ]
      : [];
  return {
    names: missing.map(({ name }) => name),
    fixes: [...former.fixes, ...renamed],
    reasons: [
      ...reasons,
      ...former.reasons,
      ...found.map(({ name, secret }) =>
        evidence('sibling', secret, 'type', `pull secret ${secret.metadata.name} is nearly called ${name}`),
      ),
    ],
  };
}
