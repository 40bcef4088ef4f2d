import type { Untyped } from './pod-template.ts';

/** A list of an object that nobody has checked; what is none is empty. */
export function listOf(value: unknown): Untyped[] {
  return Array.isArray(value) ? value : [];
}
