/** A moment that a drawing marks. `fix`: writes of this run. */
export interface MarkView {
  kind: 'change' | 'alert' | 'fix';
  /** Milliseconds since the epoch. */
  at: number;
  label: string;
}

/** A chart with its numbers as they are drawn: seconds from `from`, heights in thousandths of the plot, 0 at its foot. */
export interface ChartView {
  title: string;
  /** Says what the drawing shows. */
  label: string;
  /** Left edge, milliseconds since the epoch. */
  from: number;
  /** From the left edge to the right one. */
  seconds: number;
  /** What foot and top of the plot stand for. */
  low: string;
  high: string;
  /** The first is what it is about, others go on from it. `values` has a text for each point. */
  lines: { label: string; points: [seconds: number, height: number][]; values: string[] }[];
  threshold: { height: number; label: string } | null;
  band: { low: number; high: number; label: string } | null;
  /** Within the plot, oldest first. */
  marks: MarkView[];
}
