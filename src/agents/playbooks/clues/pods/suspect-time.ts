/** A change further back than this, in ms, is no longer a suspect: rules of alerts look back and wait for minutes. */
export const SUSPECT_MS = 45 * 60_000;
