import type { KubeObject } from '../../../../domain/kube-object.ts';
import { calleesOf } from '../../../../kube/callees.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import type { ChangedConfig } from './changed-config.ts';
import { changedConfig } from './changed-config.ts';
import type { LogLine } from '../pods/workload-logs.ts';
import { lateLines, namesHost } from '../pods/workload-logs.ts';

/** What servers and libraries of many kinds say of a credential that they do not take (RFC 9110, 401; libpq, MySQL, SASL …). */
const REFUSAL =
  /\b401\b|\bunauthori[sz]ed\b|\bunauthenticated\b|\b(?:bad|invalid|wrong|incorrect|mismatched|rejected) (?:api[- ]?|access[- ]?|auth(?:entication)? )?(?:token|credentials?|key|password|secret|signature|user ?name or password)\b|\b(?:token|password|credentials?|api[- ]?key) (?:is |are |was |were )?(?:invalid|wrong|incorrect|rejected|refused|expired)\b|\bpassword authentication failed\b|\baccess denied for user\b|\b(?:authentication|login|auth) (?:failed|failure|error)\b/i;
/** What rules of their own know: stores with lists of users, and the API server. */
const KNOWN_ELSEWHERE = /\b(?:NOPERM|WRONGPASS)\b|system:serviceaccount|kubernetes\.default/;

/** Somebody whose credential another one refuses. */
export interface RefusedCredential {
  callee: KubeObject;
  /** Where its log says so, at least one. */
  lines: LogLine[];
  /** Secrets that were changed lately, of which at least one side has some: of the callee, and of whom it refuses. */
  ofCallee: ChangedConfig[];
  ofCaller: ChangedConfig[];
}

/** Who refuses the credential of a workload, as its log says, since a Secret of one of both was changed; null where none was. */
export async function refusedCredential(
  context: AnalyzerContext,
  caller: KubeObject,
): Promise<RefusedCredential | null> {
  const { view } = context;
  const all = calleesOf(view, caller);
  if (all.length === 0) return null;
  const said = await lateLines(context, caller);
  const lines = said.filter(({ text }) => REFUSAL.test(text) && !KNOWN_ELSEWHERE.test(text));
  const last = lines.at(-1);
  if (!last) return null;
  const named = all.filter(({ host }) => namesHost(last.text, host));
  const [first, ...others] = named.length > 0 ? named : all;
  // Which of several refuses it, nothing tells.
  if (!first || others.some(({ workload }) => workload !== first.workload)) return null;
  const callee = first.workload;
  const secrets = (workload: KubeObject): ChangedConfig[] =>
    changedConfig(view, workload).filter(({ object }) => object.kind === 'Secret');
  const [ofCallee, ofCaller] = [secrets(callee), secrets(caller)];
  return ofCallee.length + ofCaller.length > 0 ? { callee, lines, ofCallee, ofCaller } : null;
}
