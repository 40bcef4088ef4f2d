import { EvidenceDesk } from '../../agents/model/evidence/evidence-desk.ts';
import { runTool } from '../../agents/model/tools/run-tool.ts';
import { OF_TELEMETRY } from '../../agents/model/tools/telemetry.ts';
import { TOOLS, toolSpec } from '../../agents/model/tools/tools.ts';
import type { Brain, BrainDiagnosis, EvidenceReads } from '../../domain/brain.ts';
import { NO_LIMIT } from '../../domain/budget.ts';
import type { ToolSpec } from '../../domain/chat.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Severity } from '../../domain/severity.ts';
import type { SignalsNow } from '../../domain/signals-now.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import type { Target } from '../../domain/target.ts';
import { oneLine } from '../../text/plain-text.ts';

export interface ToolCallParts {
  target: Target;
  snapshot: ClusterSnapshot;
  severity: Severity;
  reads: EvidenceReads;
  /** Asked only by tools that show what playbooks say. */
  playbook: Brain;
  clock: Clock;
  signal: AbortSignal;
  /** What telemetry shows now; asked only by tools that show it. Null: none is read. */
  readSignals?(): Promise<SignalsNow | null>;
}

/** The tool that needs a diagnosis. */
const FINDINGS = 'playbook_findings';

/** All tools, each read-only, but the one that tells of a run: outside there is none, which must not look like one without attempts. */
const OFFERED = TOOLS.filter(({ name }) => name !== 'attempts');

/** What other agents are offered. */
export function toolSpecs(): ToolSpec[] {
  return OFFERED.map(toolSpec);
}

/**
 * One call from outside a run, about the namespace that a person chose and no other. Its evidence ids mean something in its own answer only.
 * @param args JSON text
 */
export async function callTool(
  tool: string,
  args: string,
  parts: ToolCallParts,
): Promise<{ ok: boolean; text: string }> {
  const problem = outOfReach(args, parts);
  if (problem) return { ok: false, text: problem };
  const { readSignals, ...rest } = parts;
  const seen = tool === FINDINGS || OF_TELEMETRY.includes(tool) ? await readSignals?.() : null;
  const signals = seen ? { signals: seen } : {};
  const playbook = tool === FINDINGS ? await diagnosisOf(parts, signals) : null;
  const desk = { ...rest, ...signals, playbook, attempts: [], evidence: new EvidenceDesk() };
  return runTool({ id: '1', tool, args }, desk, OFFERED);
}

function diagnosisOf(
  { playbook, target, snapshot, severity, reads, clock, signal }: ToolCallParts,
  signals: { signals?: SignalsNow },
): Promise<BrainDiagnosis> {
  return playbook.diagnose({
    run: 'tool',
    target,
    snapshot,
    severity,
    evidence: reads,
    clock,
    budget: NO_LIMIT,
    signal,
    ...signals,
    emit: () => undefined,
  });
}

/** Why it may not be asked so; empty where it may. Agents of a run look where the engineer may; others where a person chose. */
function outOfReach(args: string, { target, snapshot }: ToolCallParts): string {
  let value: unknown;
  try {
    value = JSON.parse(args);
  } catch {
    // Told below.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the arguments are no JSON object';
  const { namespace } = value as { namespace?: unknown };
  if (!namespace || namespace === target.namespace || snapshot.namespaces.includes(String(namespace))) return '';
  return `namespace ${oneLine(namespace, 63)} is out of reach: a person chose ${target.namespace}`;
}
