/** One figure as its authors published it. */
export interface Published {
  who: string;
  benchmark: string;
  resolved: number;
  of: number;
  /** As printed, where it is no whole number of problems. */
  share: string;
  seconds: string;
  costUsd: string;
  source: string;
}

const PAPER = 'Chen et al., “STRATUS: A Multi-agent System for Autonomous Reliability Engineering of Modern Clouds”';

/** Mitigation on AIOpsLab's 13 problems (tables 2a and 3 of the paper). */
export const PUBLISHED: readonly Published[] = [
  row('STRATUS, GPT-4o', 9, '69.2 %', '811.9', '0.877', 'table 2'),
  row('— without retry', 2, '15.4 %', '72.6', '0.163', 'table 3'),
  row('— naive retry without undo', 3, '23.1 %', '1221.5', '0.929', 'table 3'),
  row('AOL-agent, GPT-4o', 6, '46.2 %', '223.3', '0.206', 'table 2'),
  row('Flash, GPT-4o', 5, '38.5 %', '154.0', '0.150', 'table 2'),
  row('ReAct, GPT-4o', 3, '23.1 %', '46.0', '0.112', 'table 2'),
  row('STRATUS, GPT-4o-mini', 3, '23.1 %', '3557.9', '0.036', 'table 2'),
  row('STRATUS, Llama 3.3', 3, '23.1 %', '1486.9', '0.360', 'table 2'),
];

function row(who: string, resolved: number, share: string, seconds: string, costUsd: string, table: string): Published {
  return {
    who,
    benchmark: 'AIOpsLab mitigation',
    resolved,
    of: 13,
    share,
    seconds,
    costUsd,
    source: `${PAPER}, ${table}`,
  };
}

/** Why they are beside ours and not against them. */
export const NOT_COMPARABLE: readonly string[] = [
  'The published agents met AIOpsLab itself: SocialNetwork and HotelReservation with real databases, on clusters of their authors. Here each problem is rebuilt by its mechanism on a small drawn application; Redis stands in for MongoDB.',
  'Their success is judged by the oracles of the benchmark, some of which pass an incident that nobody repaired (a Pending pod is skipped); here users must be served again, nothing else may have changed, and a shortcut that hides the symptom counts as harm.',
  'They reason with language models and pay for tokens; here rules reason, nothing is paid, and what no rule knows is not solved. The catalogue and the rules were written by the same hands: unseen faults are solved less often.',
  'Their seconds hold the thinking of a model and the settling of a larger application; here a command on one node.',
  'Their ablations take undo and retry away from an agent whose first plan is mostly wrong. Where the first plan of the rules is right, the same ablations cost nothing.',
];
