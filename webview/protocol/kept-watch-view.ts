/** Watching, for a time after the end of a run, what it kept. */
export interface KeptWatchView {
  /**
   * `asking`: it got worse, and a person may take it back. `left`: that person wanted it to stay. `unfinished`: its undo did
   * not come to its end, or not all is as before. `unknown`: how it went on. `stopped`: before its time.
   */
  state: 'watching' | 'asking' | 'undoing' | 'held' | 'undone' | 'left' | 'unfinished' | 'unknown' | 'stopped';
  /** When it will end, milliseconds since the epoch; null where it has ended or waits. */
  until: number | null;
  /** What was written, by name; not all where there are many. */
  objects: string[];
  /** What got worse, why nothing is known, or why it ended: a sentence without a full stop, or empty. */
  reason: string;
}
