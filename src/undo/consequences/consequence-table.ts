import type { KindTable } from './field-rule.ts';
import { APPS } from './table/apps.ts';
import { CORE_CONFIGURATION } from './table/core-configuration.ts';

/** Every kind that Kubernetes serves of its own and that may be written; the others are in CLOSED_KINDS. */
export const CONSEQUENCES: KindTable = { ...CORE_CONFIGURATION, ...APPS };
