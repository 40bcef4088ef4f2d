import type { Brain, EvidenceReads } from '../domain/brain.ts';
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

export function toolSpecs(): ToolSpec[] {
  return [];
}

export async function callTool(
  tool: string,
  _args: string,
  _parts: ToolCallParts,
): Promise<{ ok: boolean; text: string }> {
  return { ok: false, text: `there is no tool '${tool}'` };
}
