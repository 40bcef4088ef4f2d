import type { Source } from './scene/draft.ts';
import { addresses } from './sources/addresses.ts';
import { images } from './sources/images.ts';
import { ingresses } from './sources/ingresses.ts';
import { againstLastApplied } from './sources/last-applied.ts';
import { placement } from './sources/placement.ts';
import { podSettings } from './sources/pod-settings.ts';
import { policies } from './sources/policies.ts';
import { probes } from './sources/probes.ts';
import { references } from './sources/references.ts';
import { resources } from './sources/resources.ts';
import { restarts } from './sources/restarts.ts';
import { rollbacks } from './sources/rollbacks.ts';
import { rollouts } from './sources/rollouts.ts';
import { scale } from './sources/scale.ts';
import { localTraffic, selectors } from './sources/selectors.ts';
import { siblings } from './sources/siblings.ts';
import { targetPorts } from './sources/target-ports.ts';
import { templateHistory } from './sources/template-history.ts';

/** Every way to look for a cause without a rule that knows it. */
export const SOURCES: readonly Source[] = [
  templateHistory,
  rollbacks,
  rollouts,
  againstLastApplied,
  references,
  selectors,
  localTraffic,
  targetPorts,
  addresses,
  ingresses,
  policies,
  scale,
  probes,
  images,
  resources,
  placement,
  podSettings,
  siblings,
  restarts,
];
