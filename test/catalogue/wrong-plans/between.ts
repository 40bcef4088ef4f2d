import type { RunningProduct } from '../../judge/product.ts';

const LOOK_MS = 40;

/** Lines after which no transaction is open, until one begins. */
const CLOSES = /^\{"at":\d+,"type":"(commitRecorded|verified)"/;

/**
 * Stops the product whenever a transaction has just been closed, has the state looked at, and lets it go on. What it had
 * begun meanwhile shows in its later lines; it begins a transaction only after it has read and planned.
 */
export async function stopBetween(
  running: RunningProduct,
  look: (event: 'committed' | 'undone') => Promise<void>,
): Promise<void> {
  let read = 0;
  let over = false;
  void running.ended.finally(() => (over = true)).catch(() => undefined);
  while (!over) {
    const text = running.stdout();
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(read, end).split('\n');
    read = end;
    const closing = lines.findLast((line) => CLOSES.test(line));
    if (!closing) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      continue;
    }
    running.pause();
    try {
      await look(CLOSES.exec(closing)![1] === 'commitRecorded' ? 'committed' : 'undone');
    } finally {
      running.goOn();
    }
  }
}
