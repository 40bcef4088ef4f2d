import type { Hypothesis } from '../../domain/brain.ts';
import type { Evidence, Finding } from '../../domain/finding.ts';
import { handOverText } from '../../domain/machine/hand-over.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { ModelSpend } from '../../domain/model-spend.ts';
import { costText, grouped, limitUses, spendText } from '../../domain/model-spend.ts';
import type { AgentView, ModelsView, SpendView } from '../../../webview/protocol/agents-view.ts';
import type { BeliefView, EvidenceView } from '../../../webview/protocol/finding-view.ts';
import { presentable } from '../../text/redact.ts';
import { looksOf } from './looks-of.ts';
import type { AgentFold, ModelFold } from './model-fold.ts';

/** Calls of tools of one agent that are shown, the latest. */
const SHOWN_CALLS = 100;
const SHOWN_EVIDENCE = 20;

/** A fact for the page, with what can be opened about its object. */
export function evidenceView({ source, object, field, text }: Evidence): EvidenceView {
  return {
    source,
    looks: object ? looksOf(object) : [],
    object: object ? refLabel(object) : '',
    field: presentable(field ?? '', 200),
    text: presentable(text, 500),
  };
}

/** Agents with what they think and whom they asked. */
export function agentViews({ agents, spend }: ModelFold): AgentView[] {
  return agents.map((agent): AgentView => {
    const took = spend.roles.find((role) => role.agent === agent.agent);
    return { ...agentView(agent), spend: took ? spendText(took) : '' };
  });
}

function agentView({ agent, thought, isThinking, tools }: AgentFold): Omit<AgentView, 'spend'> {
  return {
    who: agent,
    thought: presentable(thought, 2_000),
    thinking: isThinking,
    tools: tools.slice(-SHOWN_CALLS).map(({ id, tool, args, digest, evidence }) => ({
      id,
      tool: presentable(tool, 100),
      args: presentable(args, 500),
      digest: presentable(digest, 2_000),
      evidence: evidence.slice(0, SHOWN_EVIDENCE).map(evidenceView),
    })),
    moreTools: Math.max(0, tools.length - SHOWN_CALLS),
  };
}

/** Which models were asked and what that took; null where none was, and no brain gave way to another. */
export function modelsView({ spend, budget, handOvers }: ModelFold): ModelsView | null {
  if (spend.total.calls === 0 && handOvers.length === 0) return null;
  return {
    names: spend.models.map(({ name, scripted }) => ({ name: presentable(name, 100), scripted })),
    roles: spend.roles.map((role) => ({ who: role.agent, ...spendView(role) })),
    total: spendView(spend.total),
    limits: spend.total.calls === 0 ? [] : limitUses(budget, spend.total),
    handOvers: handOvers.map((handOver) => ({
      text: presentable(handOverText(handOver), 500),
      failed: !handOver.exhausted,
    })),
  };
}

function spendView(spend: ModelSpend): SpendView {
  const about = spend.estimated ? 'about ' : '';
  return {
    calls: spend.calls,
    tokens: `${about}${grouped(spend.tokensIn + spend.tokensOut)}`,
    cost: costText(spend),
  };
}

/** Who takes a finding for the cause, and how sure that one is. */
export function beliefsIn({ id, rule }: Finding, hypotheses: readonly Hypothesis[]): BeliefView[] {
  return hypotheses
    .filter(({ cause }) => cause === id)
    .map(({ confidence, own, by }) => ({
      confidence,
      own: own ?? null,
      by: presentable(by === rule ? `rule ${by}` : by, 100),
    }));
}
