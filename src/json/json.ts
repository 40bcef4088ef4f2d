import type { RawNumber } from './raw-number.ts';

/** A value as JSON tells it, read without loss (see lossless-json.ts). */
export type Json = null | boolean | number | RawNumber | string | Json[] | { [key: string]: Json };
