import { printJson } from '../../json/lossless-json.ts';
import { sameJson } from '../../json/same-json.ts';
import type { ContentRule } from './content-input.ts';
import { isRole, rulesOf } from './content-input.ts';
import { selects } from './label-selector.ts';
import { covers, farReaching } from './rbac-rules.ts';
import { forbiddenSubject } from './rbac-subjects.ts';

const escalation = (reason: string) => ({ rule: 'escalation', reason });

/** What a Role or ClusterRole may gain: rules from the list of harmless ones, and nobody unnamed who holds them. */
export const judgeRole: ContentRule = (input) => {
  const { before, after, namespace } = input;
  if (!isRole(input) || !after) return null;
  const gained = rulesOf(after).filter((rule) => !covers(rulesOf(before), rule));
  for (const rule of gained) {
    const reason = farReaching(rule, namespace);
    const shown = printJson(rule).slice(0, 160);
    if (reason) return escalation(`the role would gain far-reaching rights: ${shown} (${reason}); do it by hand`);
  }
  if (!sameJson(before?.aggregationRule ?? null, after.aggregationRule ?? null) && after.aggregationRule) {
    return escalation('an aggregated role gains rights by itself');
  }
  return judgeAggregation(input, gained.length > 0) ?? (gained.length > 0 ? judgeHolders(input) : null);
};

const judgeAggregation = (input: Parameters<ContentRule>[0], gained: boolean): ReturnType<ContentRule> => {
  const { kind, before, after, name } = input;
  if (kind !== 'ClusterRole' || !after) return null;
  const [old, labels] = [before?.metadata.labels ?? {}, after.metadata.labels ?? {}];
  if (Object.keys(labels).length === 0 || (!gained && sameJson(old, labels))) return null;
  const builtIn = Object.keys(labels).find((key) => key.startsWith('rbac.authorization.k8s.io/aggregate-to-'));
  if (builtIn && (gained || old[builtIn] !== labels[builtIn])) {
    return escalation('its rules would be added to a built-in role');
  }
  const aggregators = input.grants?.aggregators;
  if (!aggregators) return escalation('which roles would gather its rules by its labels could not be read');
  for (const role of aggregators) {
    if (role.metadata.name === name) continue;
    for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
      const joins = selects(selector, labels) && (gained || !before || !selects(selector, old));
      if (joins) return escalation(`its rules would be added to ClusterRole ${role.metadata.name}`);
    }
  }
  return null;
};

/** A binding may have waited for the role: its subjects gain what the role gains. */
const judgeHolders: ContentRule = ({ kind, namespace, name, grants }) => {
  if (!grants?.bindings) return escalation('who holds the role, and would gain its rights, could not be read');
  const role = rolePath(kind, namespace, name);
  for (const grant of grants.bindings.filter((one) => one.role === role)) {
    const forbidden = grant.subjects.map(forbiddenSubject).find((reason) => reason !== null);
    if (forbidden) return escalation(`a binding waits for the role and would give rights to ${forbidden}`);
  }
  return null;
};

export function rolePath(kind: string, namespace: string, name: string): string {
  const root = '/apis/rbac.authorization.k8s.io/v1';
  const tail = encodeURIComponent(name);
  return kind === 'ClusterRole' ? `${root}/clusterroles/${tail}` : `${root}/namespaces/${namespace}/roles/${tail}`;
}
