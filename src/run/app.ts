import type { Incidents } from './incidents.ts';
import type { Looks } from './looks.ts';
import type { Models, ReadTools } from './models.ts';
import type { Runbooks } from './runbooks.ts';
import type { Shell } from './shell.ts';
import type { Targets } from './targets.ts';
import type { TelemetryLooks } from './telemetry/telemetry-looks.ts';
import type { Transactions } from './transactions.ts';
import type { WriterLock } from './writer-lock.ts';

/**
 * What user interfaces (CLI and editor) may ask for, by subject. They never see a credential, a gateway or a kubectl
 * process. Every method fails with an Error whose message is one line and says what to do.
 */
export interface StratusApp {
  readonly targets: Targets;
  readonly incidents: Incidents;
  readonly transactions: Transactions;
  readonly lock: WriterLock;
  readonly shell: Shell;
  readonly runbooks: Runbooks;
  readonly looks: Looks;
  readonly models: Models;
  readonly tools: ReadTools;
  readonly telemetry: TelemetryLooks;
  /** Shows a notification on the desktop of this machine. @returns whether it could be shown */
  notifyDesktop(title: string, text: string): Promise<boolean>;
  dispose(): Promise<void>;
}
