import type { ActionCall } from '../domain/action.ts';
import type { UndoForecast } from '../domain/transaction.ts';
import { filledCommand, inputsFor } from './placeholders.ts';
import type { PartName, RunbookAction } from './runbook-action.ts';

/** One command as it is sent. */
export interface PreparedPart {
  command: string[];
  stdin: boolean;
}

/** All that one use of an action needs, so that its undo depends on no file any more. */
export interface PreparedAction {
  call: ActionCall;
  title: string;
  reaches: string;
  undoes: RunbookAction['undoes'];
  loses: string;
  seconds: number;
  bytes: number;
  parts: Record<Exclude<PartName, 'same'>, PreparedPart> & { same?: PreparedPart };
}

/** @returns why it cannot be used like this, as text */
export function prepareAction(action: RunbookAction, call: ActionCall): PreparedAction | string {
  const inputs = inputsFor(action, call.inputs);
  if (typeof inputs === 'string') return inputs;
  const part = (name: PartName): PreparedPart => {
    const declared = action.parts[name]!;
    return { command: filledCommand(declared, inputs), stdin: declared.stdin === 'snapshot' };
  };
  const { title, reaches, undoes, loses, seconds, bytes } = action;
  return {
    call: { ...call, inputs },
    ...{ title, reaches, undoes, loses, seconds, bytes },
    parts: {
      snapshot: part('snapshot'),
      do: part('do'),
      undo: part('undo'),
      verify: part('verify'),
      ...(action.parts.same ? { same: part('same') } : {}),
    },
  };
}

/**
 * How faithfully it can be undone, as its author declares it. Never `exact` without a word: who noticed it while it stood
 * is not undone.
 */
export function forecastOf({ undoes, loses, reaches, call }: PreparedAction): UndoForecast {
  const inverse = `run the undo of ${call.name} with the snapshot, and compare a new snapshot with it`;
  if (undoes === 'exact') return { class: 'consequences', residue: [reaches], inverse };
  return { class: 'losses', residue: [loses], inverse, needs: ['losses'] };
}
