import { PlaybookBrain } from '../agents/playbooks/playbook-brain.ts';
import { SystemClock } from '../cluster/connect/system-clock.ts';
import type { Brain } from '../domain/brain.ts';
import type { Clock } from '../domain/clock.ts';
import type { FaultHook } from '../gateway/journal/fault-points.ts';
import { JournalStore } from '../gateway/journal/journal-store.ts';
import { notifyDesktop } from '../notify/desktop-notification.ts';
import type { AppConfig } from './app-config.ts';
import type { StratusApp } from './app.ts';
import { GivenBrains, PlaybooksAndModel } from './brains/brain-shelf.ts';
import { GatewayRunbooks } from './gateway-runbooks.ts';
import { GatewayShell } from './gateway-shell.ts';
import { LoggedIncidents } from './logged-incidents.ts';
import { JournalledTransactions } from './journalled-transactions.ts';
import { LeaseWriterLock } from './lease-writer-lock.ts';
import { GatewayLooks } from './looks.ts';
import { ConfiguredModels } from './configured-models.ts';
import { RunbookLibrary } from './runbook-library.ts';
import { Sessions } from './sessions.ts';
import { KubeconfigTargets } from './targets.ts';
import { GatewayTelemetry } from './telemetry/telemetry-looks.ts';

/** What a test may replace: time, and the brains (a brain holds no rights, so any will do). */
export interface AppParts {
  clock: Clock;
  /** In place of playbooks and model; the last takes over from those before it. */
  brains: readonly Brain[];
  /** Called at every boundary at which the process can die; default: nothing happens there. */
  crash?: FaultHook;
}

/** Composition of the application from its parts; the only place where they meet. */
export async function createApp(config: AppConfig, parts: Partial<AppParts> = {}): Promise<StratusApp> {
  const { stateFolder } = config;
  const { clock = new SystemClock(), brains, crash } = parts;
  const store = await JournalStore.open(stateFolder, process.env);
  const library = new RunbookLibrary({
    stateFolder,
    packFolder: config.packFolder ?? null,
    allowed: config.allowedActions ?? [],
  });
  const sessions = new Sessions(config, { store, clock, library, ...(crash ? { crash } : {}) });
  const transactions = new JournalledTransactions(stateFolder, store, sessions, clock);
  const playbook = new PlaybookBrain();
  const models = new ConfiguredModels(config, clock, playbook, sessions);
  const shelf = brains ? new GivenBrains(brains) : new PlaybooksAndModel(playbook, models.brain);
  const incidents = new LoggedIncidents(stateFolder, sessions, clock, shelf, library, transactions, config.budget);
  return {
    targets: new KubeconfigTargets(sessions),
    incidents,
    transactions,
    lock: new LeaseWriterLock(stateFolder, sessions),
    shell: new GatewayShell(sessions),
    runbooks: new GatewayRunbooks(library, sessions),
    looks: new GatewayLooks(sessions),
    models,
    tools: models,
    telemetry: new GatewayTelemetry(async (target) => (await sessions.of(target)).telemetry),
    notifyDesktop: (title, text) => notifyDesktop(title, text),
    dispose: async () => {
      transactions.dispose();
      await incidents.dispose();
      await sessions.dispose();
    },
  };
}
