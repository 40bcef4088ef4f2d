import { setTimeout } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { Target } from '../domain/target.ts';
import type { StratusApp } from '../run/app.ts';
import type { AppLease } from './editor/app-loader.ts';
import { isProtectedContext } from './editor/configuration.ts';
import type { Log } from './editor/log.ts';
import { mayWriteTo } from './editor/protected-context.ts';
import type { Prompts } from './editor/prompts.ts';
import type { TargetMemory } from './editor/target-memory.ts';
import type { TargetPicker } from './editor/target-picker.ts';
import type { SessionList } from './run/incident-session.ts';
import { notifyOnDesktop } from './run/attention.ts';
import { BackgroundWatch } from './watch/background-watch.ts';
import { KeptWatches } from './watch/kept-watches.ts';
import { WatchActions, watchSettings } from './watch/watch-actions.ts';
import type { WatchBoard } from './watch/watch-board.ts';
import { WatchStatusBar } from './watch/watch-status-bar.ts';

export interface WatchingParts {
  app: () => Promise<StratusApp>;
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  targets: TargetPicker;
  sessions: SessionList;
  /** The target that was chosen last. */
  memory: TargetMemory;
  /** Where the watch of this window is shown. */
  board: WatchBoard;
  log: Log;
  /** Hears of each target that a person looks at. */
  began: (target: Target) => void;
  /** Shows a run. */
  show: (run: string) => Promise<void>;
  fail: (error: unknown) => void;
}

/** The watch of this window, and watching what its runs kept. */
export interface Watching {
  watch: WatchActions;
  kept: KeptWatches;
  watchStatus: WatchStatusBar;
}

/** Connects them with the runs of this window and with where they are told. */
export function createWatching(parts: WatchingParts): Watching {
  const { app, lease, prompts, targets, sessions, memory, board, log, began, show, fail } = parts;
  const onDesktop = (title: string, text: string) => {
    if (!vscode.window.state.focused) void notifyOnDesktop(app, title, text);
  };
  const now = () => Date.now();
  const kept = new KeptWatches({
    prompts,
    log,
    sessions,
    mayUndo: (context) =>
      mayWriteTo(prompts, context, vscode.l10n.t('Type the name of the context to let the undo change it')),
    show: (run) => void show(run).catch(fail),
    onDesktop,
    now,
    monotonic: () => performance.now(),
  });
  const isBusy = (target: Target) =>
    sessions
      .running()
      .some(({ target: other }) => other.fingerprint === target.fingerprint && other.namespace === target.namespace);
  const watch = new WatchActions(
    { lease, prompts, targets, memory, board, log, began, onDesktop },
    (actions) =>
      new BackgroundWatch({
        lease,
        settings: watchSettings,
        board,
        log,
        isBusy,
        announce: (fresh, target) => actions.announce(fresh, target),
        ended: (target, reason) => actions.ended(target, reason),
        now,
        sleep: async (ms, signal) => void (await setTimeout(ms, undefined, { signal })),
      }),
  );
  return { watch, kept, watchStatus: new WatchStatusBar(board, kept, isProtectedContext) };
}
