import { stringify } from 'yaml';
import type { SignalSettings } from '../../domain/signal-settings.ts';
import { duration } from '../promql.ts';
import type { Rule } from './incident-type.ts';
import { INCIDENT_TYPES } from './incident-types.ts';

/** A group of a rule file, as Prometheus reads it (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/). */
export interface RuleGroup {
  name: string;
  interval: string;
  rules: object[];
}

/** The incident types as rules that Prometheus evaluates itself, a group each. */
export function ruleGroups(settings: SignalSettings): RuleGroup[] {
  return INCIDENT_TYPES.map((type) => ({
    name: `stratus-${type.kind}`,
    interval: duration(settings.baseline.stepMs),
    rules: type.rules(settings).map(printed),
  }));
}

function printed({ record, alert, expr, forMs, labels, annotations }: Rule): object {
  return {
    ...(record ? { record } : { alert }),
    expr,
    ...(forMs ? { for: duration(forMs) } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

/** A rule file for `rule_files` of prometheus.yml. */
export function ruleFile(settings: SignalSettings): string {
  return yaml({ groups: ruleGroups(settings) });
}

/**
 * The same as an object of the Prometheus operator (monitoring.coreos.com/v1).
 * @param labels that the operator's `ruleSelector` asks for
 */
export function prometheusRule(
  settings: SignalSettings,
  namespace: string,
  labels: Readonly<Record<string, string>> = {},
): string {
  return yaml({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'stratus', namespace, ...(Object.keys(labels).length > 0 ? { labels } : {}) },
    spec: { groups: ruleGroups(settings) },
  });
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
