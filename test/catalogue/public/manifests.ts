import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../judge/api.ts';

/** Kinds that belong to no namespace, and what only a custom resource's operator would serve. */
const CLUSTER_SCOPED =
  /^(Namespace|ClusterRole|ClusterRoleBinding|CustomResourceDefinition|PersistentVolume|StorageClass|PriorityClass|APIService|.*WebhookConfiguration)$/;
const BUILT_IN =
  /^(v1|apps\/v1|batch\/v1|policy\/v1|autoscaling\/v[12]|(networking|rbac\.authorization)\.k8s\.io\/v1)$/;

/**
 * The objects of the YAML files of a folder that one namespace holds, without the namespace that they may name: they go
 * where the caller says.
 */
export function namespacedObjects(folder: string): KubeObject[] {
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
  return files.flatMap((name) => objectsIn(readFileSync(join(folder, name), 'utf8')));
}

function objectsIn(text: string): KubeObject[] {
  const read = parseAllDocuments(text).map((document) => document.toJS() as KubeObject | null);
  const all = read.flatMap((object) =>
    object?.kind?.endsWith('List') ? (object.items as KubeObject[]) : (object ?? []),
  );
  return all
    .filter(({ apiVersion = '', kind = '' }) => BUILT_IN.test(apiVersion) && !CLUSTER_SCOPED.test(kind))
    .map(placeless);
}

/** The object without the namespace that it names. */
export function placeless(object: KubeObject): KubeObject {
  const { namespace, ...metadata } = object.metadata;
  return namespace === undefined ? object : { ...object, metadata };
}
