import { delimiter } from 'node:path';
import { placeOf } from '../domain/target.ts';
import type { UndoResult } from '../domain/transaction.ts';
import { refLabel } from '../domain/kube-object.ts';
import { Monitor } from '../gateway/monitor/monitor.ts';
import type { Refusal } from '../gateway/monitor/monitor.ts';
import { SafeTerminal } from '../gateway/child/safe-terminal.ts';
import type { GatewayTransaction } from '../gateway/gateway-transaction.ts';
import type { Upstream } from '../gateway/wire/upstream.ts';

/** `read`: nothing can be written. `write`: every write is one transaction, which ends with the terminal. */
export type ShellMode = 'read' | 'write';

/** A safe terminal that is open; its owner must end it. */
export interface ShellSession {
  mode: ShellMode;
  /** What the terminal's environment has beside, or in place of, the engineer's own. */
  environment: Record<string, string>;
  /** The open transaction; null in read mode. */
  tx: string | null;
  /** Objects written so far. */
  written(): string[];
  /** What the gateway refused, in its own words, latest last. */
  refusals(): string[];
  /** Why nothing more is written in it (the lock or the journal is lost, …), so that its writes are a half; else empty. */
  problem(): string;
  /**
   * Closes the gateway and, in write mode, keeps or undoes the transaction and gives the lock back. Nothing more
   * happens when called again. What cannot be kept, because the journal does not take the word for it, is undone.
   * @returns the undo, null when nothing was undone
   */
  end(decision: 'keep' | 'undo'): Promise<UndoResult | null>;
}

const REMEMBERED = 200;

interface Place {
  context: string;
  namespace: string;
}

function environmentOf({ kubeconfig, programs }: SafeTerminal, mode: ShellMode, place: Place): Record<string, string> {
  const path = process.env.PATH ?? '';
  return {
    KUBECONFIG: kubeconfig,
    STRATUS_SHELL: mode,
    STRATUS_SHELL_TARGET: placeOf(place),
    ...(programs ? { PATH: programs + delimiter + path } : {}),
  };
}

/** A terminal in read mode: Secret values are blank in it. */
export async function openReadShell(upstream: Upstream, place: Place, kubectl: string | null): Promise<ShellSession> {
  const refused: string[] = [];
  const note = ({ reason }: Refusal) => void (refused.push(reason), refused.splice(0, refused.length - REMEMBERED));
  const monitor = new Monitor(upstream, 'read', {}, note);
  const terminal = await SafeTerminal.open(monitor, monitor.refuseStream, place, kubectl);
  let open = true;
  return {
    mode: 'read',
    environment: environmentOf(terminal, 'read', place),
    tx: null,
    written: () => [],
    refusals: () => [...refused],
    problem: () => '',
    end: async () => {
      if (open) await terminal.close();
      open = false;
      return null;
    },
  };
}

/** How the transaction of a terminal ends. */
export interface ShellEnding {
  undo(transaction: GatewayTransaction): Promise<UndoResult>;
  /** Gives the lock back; `clean` is false when something is still owed. */
  release(clean: boolean): Promise<void>;
}

/** A terminal whose writes are one transaction. */
export async function openWriteShell(
  transaction: GatewayTransaction,
  place: Place,
  kubectl: string | null,
  ending: ShellEnding,
): Promise<ShellSession> {
  const { handler, refuseStream, refusals, problem, end: endCommand } = await transaction.terminal();
  const terminal = await SafeTerminal.open(handler, refuseStream, place, kubectl);
  let ended: Promise<UndoResult | null> | null = null;
  const end = async (decision: 'keep' | 'undo'): Promise<UndoResult | null> => {
    let clean = false;
    try {
      await terminal.close();
      await endCommand();
      if (decision === 'keep' || transaction.writes() === 0) {
        clean = await transaction.keep().then(
          () => true,
          (error: unknown) => {
            if (transaction.writes() === 0) throw error;
            return false;
          },
        );
        if (clean) return null;
      }
      const result = await ending.undo(transaction);
      clean = result.outcome === 'undone';
      return result;
    } finally {
      await transaction.dispose();
      await ending.release(clean);
    }
  };
  return {
    mode: 'write',
    environment: environmentOf(terminal, 'write', place),
    tx: transaction.id,
    written: () => transaction.roots().map(refLabel),
    refusals: () => refusals().map(({ reason }) => reason),
    problem,
    end: (decision) => (ended ??= end(decision)),
  };
}
