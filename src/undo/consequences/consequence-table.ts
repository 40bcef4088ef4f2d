import type { KindTable } from './field-rule.ts';
import { APPS } from './table/apps.ts';
import { AUTOSCALING } from './table/autoscaling.ts';
import { BATCH } from './table/batch.ts';
import { CORE_CONFIGURATION } from './table/core-configuration.ts';
import { CORE_NODES } from './table/core-nodes.ts';
import { CORE_PODS } from './table/core-pods.ts';
import { CORE_SERVICES } from './table/core-services.ts';
import { CORE_STORAGE } from './table/core-storage.ts';
import { EXTENSION } from './table/extension.ts';
import { NETWORKING } from './table/networking.ts';
import { POLICY } from './table/policy.ts';
import { RBAC } from './table/rbac.ts';
import { RESOURCE } from './table/resource.ts';
import { SCHEDULING } from './table/scheduling.ts';
import { STORAGE } from './table/storage.ts';

/** Every kind that Kubernetes serves of its own and that may be written; the others are in CLOSED_KINDS. */
export const CONSEQUENCES: KindTable = {
  ...CORE_CONFIGURATION,
  ...CORE_NODES,
  ...CORE_PODS,
  ...CORE_SERVICES,
  ...CORE_STORAGE,
  ...APPS,
  ...AUTOSCALING,
  ...BATCH,
  ...EXTENSION,
  ...NETWORKING,
  ...POLICY,
  ...RBAC,
  ...RESOURCE,
  ...SCHEDULING,
  ...STORAGE,
};
