import type { FenceChange } from '../cluster/lock/fence-installer.ts';
import { fenceObjects } from '../cluster/lock/fence-manifests.ts';
import { fenceYaml } from '../cluster/lock/fence-yaml.ts';
import { DEFAULT_LOCK_NAMESPACE, lockNamespaceOf } from '../cluster/lock/lease-record.ts';
import type { StratusApp } from '../run/app.ts';
import type { LockStatus } from '../run/writer-lock.ts';
import type { CommandIo } from './command-line.ts';
import { parseCommand, TARGET_OPTIONS } from './command-line.ts';
import { checkContext, CONSENT_OPTIONS, policyOf } from './consent.ts';
import { EXIT } from './exit-code.ts';
import { didYouMean } from '../text/edit-distance.ts';
import { localTime } from '../text/local-time.ts';
import { UsageError } from './usage.ts';

const ACTIONS = ['status', 'break', 'install-fence', 'uninstall-fence'] as const;

/** `stratus lock status | break | install-fence | uninstall-fence`. */
export async function lockCommand(args: string[], io: CommandIo, open: () => Promise<StratusApp>): Promise<number> {
  const parsed = parseCommand('lock', args, {
    ...TARGET_OPTIONS,
    ...CONSENT_OPTIONS,
    json: { type: 'boolean' },
    manifests: { type: 'boolean' },
  });
  const [word, extra] = parsed.positionals;
  const action = ACTIONS.find((one) => one === word);
  if (extra !== undefined || !action) {
    const meant = didYouMean(word ?? '', ACTIONS);
    throw new UsageError(`lock: one of ${ACTIONS.join(', ')}${meant || "; see 'stratus lock --help'"}`);
  }
  const yes = parsed.flag('yes');
  if (action === 'break' && !yes) {
    throw new UsageError('lock: breaking a lock lets two writers in if its owner still lives; add --yes if it is gone');
  }
  if (parsed.flag('manifests')) {
    if (action !== 'install-fence') throw new UsageError('lock: --manifests belongs to install-fence');
    io.stdout(fenceYaml(fenceObjects(lockNamespaceOf(process.env.STRATUS_LOCK_NAMESPACE) ?? DEFAULT_LOCK_NAMESPACE)));
    return EXIT.ok;
  }
  const app = await open();
  const target = await app.targets.pin(parsed.text('context'), parsed.text('namespace'));
  if (yes && action !== 'status') checkContext('lock', policyOf(parsed, io), target.context);
  if (action === 'install-fence' || action === 'uninstall-fence') {
    // Half a fence keeps all writers out.
    if (yes) io.onInterrupt(() => io.stderr('stratus: the fence is finished first\n'));
    const changes = await app.lock.fence(target, action === 'install-fence' ? 'install' : 'uninstall', yes);
    if (parsed.flag('json')) io.stdout(`${JSON.stringify({ type: 'fence', applied: yes, changes })}\n`);
    else io.stdout(fenceText(changes, yes));
    return EXIT.ok;
  }
  if (action === 'break') await app.lock.break(target);
  const status = await app.lock.status(target);
  io.stdout(parsed.flag('json') ? `${JSON.stringify(status)}\n` : `${lockText(status)}\n`);
  return EXIT.ok;
}

/** One line: state, holder, level and why it is not a better one. */
export function lockText({ state, holder, phase, renewedAt, level, why }: LockStatus): string {
  const by = holder ? ` by ${holder}, ${phase}, renewed ${localTime(renewedAt)}` : phase ? ` (${phase})` : '';
  return `${state}${by}; ${level}${why ? `: ${why}` : ''}`;
}

function fenceText(changes: FenceChange[], applied: boolean): string {
  const lines = changes.map(({ action, kind, name, namespace, why }) => {
    const object = `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
    return `${action.padEnd(8)}${object}${action === 'keep' ? '' : `\n        ${why}`}`;
  });
  const work = changes.some(({ action }) => action !== 'keep');
  const end = applied ? 'done' : work ? 'nothing was changed: add --yes to do it' : 'nothing to do';
  return `${[...lines, end].join('\n')}\n`;
}
