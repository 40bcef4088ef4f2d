import type { KindTable } from '../field-rule.ts';
import { fields, look } from '../rows.ts';

const SIZE = 'its target is scaled, and keeps that size after the undo unless it is put back';

/** Autoscaling (pkg/controller/podautoscaler). */
export const AUTOSCALING: KindTable = {
  'autoscaling/HorizontalPodAutoscaler': fields(
    // scaleTargetRef, minReplicas, maxReplicas, metrics and behavior alike.
    look('scaler', SIZE, 'spec.**'),
    // v1 carries metrics and behaviour of v2 in annotations (pkg/apis/autoscaling/annotations.go).
    look('scaler', SIZE, 'metadata.annotations[autoscaling.alpha.kubernetes.io/*]'),
  ),

  // The subresource of whatever can be scaled.
  'autoscaling/Scale': fields(look('scale', 'pods come or go', 'spec.replicas')),
};
