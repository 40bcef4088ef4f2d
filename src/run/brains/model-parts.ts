/** Everything that only runs with a language model need: a bundle of its own. */
export { connectModel } from '../../model/connect-model.ts';
export { findLocalModels } from '../../model/find-models.ts';
export { listModels } from '../../model/list-models.ts';
export { probeModel } from '../../model/probe-model.ts';
export { callTool, toolSpecs } from './model-tools.ts';
export { modelBrain } from './model-brain-parts.ts';
