export interface TransactionView {
  id: string;
  /** What it was for; empty where that is not known. */
  title: string;
  /** Interrupted: left open by a process that is gone. */
  state: 'committed' | 'undone' | 'undoing' | 'diverged' | 'open' | 'interrupted';
}

export interface ResultView {
  outcome: string;
  seconds: number;
  /** Writes of the fixes, without those of undos. */
  writes: number;
  /** Writes that took something back, by the run or later. */
  undoWrites: number;
  attempts: number;
}

/** An unfinished transaction of one's own for whose sake the run did not begin. */
export interface OwedView {
  transaction: string;
  title: string;
  /** What it wrote to. */
  objects: string[];
  /** `settled`: undone or kept meanwhile. */
  state: 'interrupted' | 'diverged' | 'settled';
}
