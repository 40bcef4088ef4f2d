import { EvidenceDesk } from '../agents/model/evidence/evidence-desk.ts';
import { runTool } from '../agents/model/tools/run-tool.ts';
import { TOOLS, toolSpec } from '../agents/model/tools/tools.ts';
import type { Brain, BrainDiagnosis, EvidenceReads } from '../domain/brain.ts';
import { NO_LIMIT } from '../domain/budget.ts';
import type { ToolSpec } from '../domain/chat.ts';
import type { Clock } from '../domain/clock.ts';
import type { Severity } from '../domain/severity.ts';
import type { ClusterSnapshot } from '../domain/snapshot.ts';
import type { Target } from '../domain/target.ts';

export interface ToolCallParts {
  target: Target;
  snapshot: ClusterSnapshot;
  severity: Severity;
  reads: EvidenceReads;
  /** Asked only by tools that show what playbooks say. */
  playbook: Brain;
  clock: Clock;
  signal: AbortSignal;
}

/** The tool that needs a diagnosis. */
const FINDINGS = 'playbook_findings';

/** What other agents are offered: all tools, each read-only. */
export function toolSpecs(): ToolSpec[] {
  return TOOLS.map(toolSpec);
}

/**
 * One call from outside a run. Its evidence ids mean something in its own answer only.
 * @param args JSON text
 */
export async function callTool(
  tool: string,
  args: string,
  parts: ToolCallParts,
): Promise<{ ok: boolean; text: string }> {
  const playbook = tool === FINDINGS ? await diagnosisOf(parts) : null;
  const desk = { ...parts, playbook, attempts: [], evidence: new EvidenceDesk() };
  return runTool({ id: '1', tool, args }, desk);
}

function diagnosisOf({
  playbook,
  target,
  snapshot,
  severity,
  reads,
  clock,
  signal,
}: ToolCallParts): Promise<BrainDiagnosis> {
  return playbook.diagnose({
    run: 'tool',
    target,
    snapshot,
    severity,
    evidence: reads,
    clock,
    budget: NO_LIMIT,
    signal,
    emit: () => undefined,
  });
}
