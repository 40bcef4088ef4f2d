import type { ProductRun } from '../../judge/product.ts';
import { Product } from '../../judge/product.ts';

const ASK_MS = 90_000;
/** What the product shows in place of a value that it keeps to itself. */
const HIDDEN = '«secret»';
/** Runs a command at a terminal where every question is answered with no; its standard output stays a pipe. */
const ANSWER_NO = `import os, sys
master, slave = os.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    os.dup2(slave, 0)
    os.dup2(slave, 2)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(slave)
seen = b''
while True:
    try:
        text = os.read(master, 65536)
    except OSError:
        break
    if not text: break
    seen += text
    while b'[y/N]' in seen:
        seen = seen.split(b'[y/N]', 1)[1]
        os.write(master, b'n\\n')
_, status = os.waitpid(pid, 0)
os._exit(os.waitstatus_to_exitcode(status) & 255)
`;

/** A plan of the product as it shows it to the engineer, before anything is done. */
export interface Proposal {
  /** kubectl commands without the word kubectl; `{{name}}` stands for the path of a file. */
  commands: string[][];
  files: { name: string; content: string }[];
  /** What exists and is changed. */
  changes: { kind: string; name: string; namespace?: string }[];
}

interface PlanEvent {
  steps?: { argv?: string[]; change?: { object?: { kind: string; name: string; namespace?: string } } }[];
  files?: { name: string; content: string }[];
}

/**
 * What the product would do, one plan after the other: each is rejected at its terminal, so nothing is written.
 * @param most how many plans at most, up to ten
 */
export async function askForPlans(
  { command, environment }: { command: readonly string[]; environment: NodeJS.ProcessEnv },
  place: readonly string[],
  most: number,
): Promise<{ run: ProductRun; plans: Proposal[] }> {
  const atTerminal = new Product(['python3', '-c', ANSWER_NO, ...command], environment);
  const args = ['mitigate', '--json', '--max-attempts', String(Math.min(most, 10)), ...place];
  const run = await atTerminal.run(args, ASK_MS);
  return { run, plans: plansOf(run) };
}

/** @throws Error when a plan holds values that are not shown: it cannot be carried out by others */
export function plansOf({ events }: Pick<ProductRun, 'events'>): Proposal[] {
  return events.flatMap(({ type, plan }) => {
    if (type !== 'planned' || !plan) return [];
    const { steps = [], files = [] } = plan as PlanEvent;
    if (JSON.stringify([steps, files]).includes(HIDDEN)) throw new Error('a plan holds values that are not shown');
    return {
      commands: steps.flatMap(({ argv }) => (argv ? [argv] : [])),
      files,
      changes: steps.flatMap(({ change }) => change?.object ?? []),
    };
  });
}

/** Equal texts are equal plans. */
export const proposalText = ({ commands, files }: Proposal): string => JSON.stringify([commands, files]);
