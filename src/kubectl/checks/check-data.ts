import { lastFlag } from '../parse.ts';
import type { Check, CheckInput, Problem } from '../problem.ts';

/** A patch after which something else deletes volumes (kubernetes.io, "Reclaiming" and "PersistentVolumeClaim retention"). */
const LOSES_LATER =
  /["']?(?:persistentVolumeReclaimPolicy|reclaimPolicy|whenDeleted|whenScaled)["']?\s*:\s*["']?Delete\b|\/(?:persistentVolumeReclaimPolicy|reclaimPolicy|whenDeleted|whenScaled)["'][^}]*["']?value["']?\s*:\s*["']?Delete\b/;

/** Commands that destroy what a container stores. */
const DESTROYS =
  /\brm\s+(?:-\w*[rRf]\w*\s+|--(?:recursive|force)\s+)+\S|\bdrop\s+(?:database|schema|table|keyspace|user)\b|\btruncate\s+table\b|\bdelete\s+from\s+\w+\s*(?:;|$)|\bdropDatabase\b|\bflush(?:all|db)\b|\bmkfs\b|\bdd\s[^|;]*\bof=|\betcdctl\s.*\bdel\b|--delete\s+--topic\b|\bkafka-topics\S*\s.*--delete\b|\breset\s+--hard\b|\bDELETE\s+https?:/i;

function checkPatch({ parsed, effect }: CheckInput): Problem[] {
  const patch = effect.command === 'patch' && effect.writes ? lastFlag(parsed, 'patch') : undefined;
  if (!patch || !LOSES_LATER.test(patch.value)) return [];
  return [
    {
      rule: 'storage-at-risk',
      first: patch.index,
      last: patch.valueIndex,
      message: 'from now on the volume and its data go when the claim, the pod or the workload goes; keep Retain',
    },
  ];
}

function checkInside({ parsed, effect }: CheckInput): Problem[] {
  if (effect.command !== 'exec') return [];
  const inside = parsed.positionals.filter((item, index) => item.afterDash || (parsed.dash < 0 && index > 0));
  const [first, last] = [inside[0], inside.at(-1)];
  if (!first || !last || !DESTROYS.test(inside.map(({ value }) => value).join(' '))) return [];
  return [
    {
      rule: 'destroys-inside',
      first: first.index,
      last: last.index,
      message:
        'what this destroys inside the container is not seen by the API and cannot be brought back by it; take a copy first',
    },
  ];
}

/** Rules about data that a command destroys, or lets something destroy later. */
export const checkData: Check = (input) => (input.parsed.help ? [] : [...checkPatch(input), ...checkInside(input)]);
