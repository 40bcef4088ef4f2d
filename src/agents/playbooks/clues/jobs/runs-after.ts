import type { Change } from '../../../../domain/change.ts';
import type { Finding, Fix } from '../../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { parseJson } from '../../../../json/lossless-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { laterRun } from '../../../../kube/job-runs.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { subjectsOf } from '../../../../kube/subjects.ts';
import { argvOf } from '../../engine/kubectl-commands.ts';
import { cannotRunAgain, runAgain } from './run-again.ts';

/** Kinds of what a Job reads when it runs and never again. */
const NEEDED = new Set(['ConfigMap', 'Secret', 'Service']);
/** Without the run, the same fix comes first. */
const AFTER = 0.02;

/**
 * Findings whose fix puts right what a Job needed that was given up: also with a run of that Job, which nothing else starts.
 * Where they are about such a Job alone, the fix without it would show nothing, and is left out.
 * @param failed rule whose findings name the Jobs that were given up
 */
export function withRunsAfter(view: ClusterView, findings: readonly Finding[], failed: string): Finding[] {
  const jobs = findings
    .filter(({ rule, object, fixes }) => rule === failed && object.kind === 'Job' && fixes.length === 0)
    .flatMap(({ object }) => view.find('Job', object.namespace, object.name) ?? [])
    .filter((job) => !laterRun(view.all('Job'), job, view.now) && !cannotRunAgain(view, job));
  if (jobs.length === 0) return [...findings];
  const known = jobs.map((job) => ({ job, needs: needsOf(view, job) }));
  return findings.map((finding) => {
    if (finding.rule === failed || finding.severity === 'info') return finding;
    const subjects = subjectsOf(view, finding.object);
    const fixes = finding.fixes.flatMap((fix) => {
      const touched = fix.changes.flatMap((change) => keyOf(change, fix)).filter((key) => key !== null);
      const job = known.find(({ needs }) => touched.some((key) => needs.has(key)))?.job;
      if (!job) return [fix];
      const joint = jointOf(view, fix, job);
      return subjects.every((subject) => subject === refKey(refOf(job))) ? [joint] : [fix, joint];
    });
    return { ...finding, fixes };
  });
}

function jointOf(view: ClusterView, fix: Fix, job: KubeObject): Fix {
  const run = runAgain(view, job, fix.confidence - AFTER);
  const { needsPerson } = run;
  return {
    ...fix,
    changes: [...fix.changes, ...run.changes],
    commands: [...fix.commands, ...run.changes.map(argvOf)],
    files: [...(fix.files ?? []), ...(run.files ?? [])],
    expects: `${fix.expects}; ${run.expects}`,
    confidence: Math.round(run.confidence * 100) / 100,
    ...(needsPerson ? { needsPerson } : {}),
  };
}

/** What it takes, mounts or asks. */
function needsOf(view: ClusterView, job: KubeObject): Set<string> {
  const { namespace } = job.metadata;
  const configs = configReferences(podTemplateOf(job)?.spec).map(({ kind, name }) => keyFor(kind, namespace, name));
  const services = namedHosts(view).flatMap(({ from, host }) => {
    const meant = from === job ? serviceMeant(view, host, namespace) : null;
    return meant ? [keyFor('Service', meant.namespace, meant.name)] : [];
  });
  return new Set([...configs, ...services]);
}

function keyOf(change: Change, { files = [] }: Fix): string | null {
  if (change.type === 'create') {
    const content = files.find(({ name }) => name === change.file)?.content;
    const made = content === undefined ? null : (parseJson(content) as unknown as Partial<KubeObject> | null);
    return made?.kind && made.metadata && NEEDED.has(made.kind)
      ? keyFor(made.kind, change.namespace, made.metadata.name)
      : null;
  }
  const object: ObjectRef | null = change.type === 'json-patch' || change.type === 'merge-patch' ? change.object : null;
  return object && NEEDED.has(object.kind) ? keyFor(object.kind, object.namespace, object.name) : null;
}

const keyFor = (kind: string, namespace: string | undefined, name: string) => `${kind}/${namespace ?? ''}/${name}`;
