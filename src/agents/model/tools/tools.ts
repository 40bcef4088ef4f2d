import * as z from 'zod';
import type { ToolSpec } from '../../../domain/chat.ts';
import { without } from '../../../json/json-map.ts';
import { getEvents } from './events.ts';
import { findText } from './find-text.ts';
import { callGraph, relatedObjects, resourceGraph } from './graph.ts';
import { getRecentChanges, rolloutHistory, whoChangedWhat } from './history.ts';
import { getLogs } from './logs.ts';
import { describeObject, getObject, listObjects } from './objects.ts';
import { attempts, healthReport, playbookFindings } from './reports.ts';
import { getMetrics, getTraces, kernelEvents, logChanges } from './telemetry.ts';
import type { Tool } from './tool.ts';

/** Every read-only tool. */
export const TOOLS: readonly Tool[] = [
  healthReport,
  playbookFindings,
  listObjects,
  describeObject,
  getObject,
  getEvents,
  getLogs,
  resourceGraph,
  relatedObjects,
  callGraph,
  rolloutHistory,
  getRecentChanges,
  whoChangedWhat,
  findText,
  attempts,
  getMetrics,
  getTraces,
  logChanges,
  kernelEvents,
] as readonly Tool[];

/** What a model is told of a tool: its arguments as a JSON schema. */
export function toolSpec({ name, description, schema }: Pick<Tool, 'name' | 'description' | 'schema'>): ToolSpec {
  return { name, description, parameters: without({ ...z.toJSONSchema(schema, { io: 'input' }) }, '$schema') };
}
