/** Which cluster of several a source is asked about, as the settings say it. */
export type ClusterSetting =
  /** All that the source has is of the target's cluster. */
  | { all: true }
  /** Series, alerts and lines of the target's cluster have this value. Without one the label tells clusters apart, and which is ours is found out. */
  | { all: false; label: string; value?: string };

const LABEL = /^[a-zA-Z_]\w{0,63}$/;
const LONGEST_VALUE = 200;

/**
 * Reads `LABEL=VALUE`, `LABEL`, or `*` for a source that has one cluster only. Everything after the first `=` is the value; none is
 * that of series without the label.
 * @returns why not, as a text, where it is none of these
 */
export function parseCluster(text: string): ClusterSetting | string {
  const trimmed = text.trim();
  if (trimmed === '*') return { all: true };
  const equals = trimmed.indexOf('=');
  const label = (equals < 0 ? trimmed : trimmed.slice(0, equals)).trim();
  const value = equals < 0 ? undefined : trimmed.slice(equals + 1).trim();
  if (!LABEL.test(label))
    return 'the cluster is written LABEL=VALUE, LABEL, or * where the source has one cluster only';
  if (value === undefined) return { all: false, label };
  if (value.length > LONGEST_VALUE || /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(value))
    return `the value of the cluster's label must be one line of at most ${LONGEST_VALUE} characters`;
  return { all: false, label, value };
}
