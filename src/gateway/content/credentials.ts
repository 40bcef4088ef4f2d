import type { KubeObject } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { sameJson } from '../../json/same-json.ts';
import type { ContentRule } from './content-input.ts';

const refused = (reason: string) => ({ rule: 'credential', reason });

const TOKEN_TYPES: Record<string, string> = {
  'bootstrap.kubernetes.io/token': 'whoever knows a bootstrap token can join as a node',
  'kubernetes.io/service-account-token':
    'a service account token, once issued, cannot be taken back from who has read it',
};

/** Secrets in which the API server or a controller sees a credential. */
export const judgeTokenSecret: ContentRule = ({ group, kind, namespace, name, before, after }) => {
  if (group !== '' || kind !== 'Secret') return null;
  const bootstrap = namespace === 'kube-system' && name.startsWith('bootstrap-token-');
  const reasonOf = (object: KubeObject | null) =>
    object === null ? undefined : bootstrap ? TOKEN_TYPES['bootstrap.kubernetes.io/token'] : typeReason(object);
  if (!after) {
    return reasonOf(before)
      ? refused('a token that is deleted stays dead: it is another one when it comes back')
      : null;
  }
  const reason = reasonOf(after) ?? reasonOf(before);
  const touched = !before || before.type !== after.type || !sameJson(contentOf(before), contentOf(after));
  return reason && touched ? refused(reason) : null;
};

function typeReason(object: KubeObject): string | undefined {
  return Object.hasOwn(TOKEN_TYPES, String(object.type)) ? TOKEN_TYPES[String(object.type)] : undefined;
}

function contentOf({ data, stringData, metadata }: KubeObject): Json {
  const account = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith('kubernetes.io/service-account.'),
  );
  return [data ?? null, stringData ?? null, Object.fromEntries(account)];
}

/** Annotations by which a service account becomes somebody at a cloud provider. */
const CLOUD_IDENTITY = /^(eks\.amazonaws\.com\/(role-arn|audience)|iam\.gke\.io\/|azure\.workload\.identity\/)/;

export const judgeServiceAccount: ContentRule = ({ group, kind, name, before, after }) => {
  if (group !== '' || kind !== 'ServiceAccount' || !after) return null;
  const old = new Map(Object.entries({ ...before?.metadata.labels, ...before?.metadata.annotations }));
  const now = Object.entries({ ...after.metadata.labels, ...after.metadata.annotations });
  const gained = now.find(([key, value]) => CLOUD_IDENTITY.test(key) && old.get(key) !== value);
  return gained ? refused(`ServiceAccount ${name} would gain an identity outside the cluster (${gained[0]})`) : null;
};
