/**
 * What happens in the cluster when one field of a built-in kind changes, and whether putting the former value back undoes
 * that too. Sources: the Kubernetes API reference and conventions, the validation code of the API server, and the
 * controllers that read the field; the rows of `table/` name them.
 */
export type FieldRule =
  /**
   * Putting the former value back puts everything back: whoever follows the field follows it back, and nothing is lost,
   * replaced or handed out meanwhile.
   */
  | { act: 'reversible' }
  /**
   * Controllers act on it. `itself`: what they touch comes back or is made equal again by the undo (pods replaced …).
   * `lost`: something is gone for good.
   */
  | { act: 'controllers'; what: string; back: 'itself' | 'lost' }
  /** Controllers act on it, and the objects or the direction of the change decide: see {@link LOOKS}. */
  | { act: 'controllers'; what: string; back: 'look'; look: LookName }
  /** Cannot be put back. */
  | { act: 'one-way'; why: string }
  /** The API server refuses to change it. Should it show up in a change after all, it is one-way. */
  | { act: 'immutable' };

/** What has to be looked at before a change can be judged: the values before and after, and the objects around it. */
export const LOOKS = {
  owners:
    'metadata.ownerReferences: an owner added whose uid is not served (or lives in another namespace, or is being deleted) makes the garbage collector delete the object and all below it; an owner removed while others remain or the controller flag moved changes who adopts, scales or deletes it',
  finalizers:
    'metadata.finalizers: one removed skips the clean-up that waits for it (one-way); one added blocks the deletion of the object until somebody removes it; `foregroundDeletion` and `orphan` decide what becomes of dependents',
  rollout:
    'a template changed: which pods are replaced (strategy OnDelete, paused or partition: none now); whether they are bare of volumes or carry emptyDir, generic ephemeral volumes or node-local state that goes with them; whether a history limit prunes the oldest revision; a pod that cannot start again',
  scale:
    'a number of pods changed: lowered, which pods go and with them emptyDir and generic ephemeral volumes, with StatefulSet whenScaled Delete the claims; raised, whether the number taken back meets the same; an autoscaler on the same target',
  strategy:
    'how a rollout goes on: with a rollout under way, or pods behind the template (OnDelete to RollingUpdate, partition lowered, paused taken away), pods are replaced now',
  history:
    'a limit of kept history lowered: the ReplicaSets, ControllerRevisions or Jobs (with their pods and logs) beyond it are deleted',
  retention:
    'claims of a StatefulSet gain or lose the StatefulSet or its pods as owners: which claims a scale down or a deletion would then delete',
  deadline:
    'a limit of a Job set or lowered: the job is already beyond it (failed, its pods killed) or finished that long ago (deleted with its pods)',
  suspend:
    'a Job suspended loses its running pods, one resumed starts them anew; a CronJob resumed may start the runs it missed, and suspended misses them',
  schedule: 'which runs the new schedule starts or leaves out while it stands; a started run has done its work',
  scaler:
    'bounds, target and metrics of an autoscaler against the size its target has now: pods that go (as for scale), and the size that stays after the undo',
  taints:
    'a NoExecute taint evicts the pods of the node that do not tolerate it; bare pods are gone for good; NoSchedule sends DaemonSet pods that do not tolerate it away',
  unschedulable: 'pods placed or left pending while the node is closed or opened; what is placed stays where it is',
  'node-labels':
    'pods of DaemonSets whose selector or affinity no longer matches go, those that match anew come; volumes, cloud controllers and schedulers read zone and role labels',
  'pod-labels':
    'whose selector the pod leaves or joins: a ReplicaSet, StatefulSet, DaemonSet or Job that lost it makes another, one that has it back deletes one; Services, budgets and network policies follow',
  selectors:
    'which objects the selector or label leaves or takes in: those without owner are adopted, owned ones released and made again; with a policy or budget only its effect moves',
  'namespace-labels':
    'pod security levels, webhook, policy and quota selectors, network policies and injectors that select the namespace: who may write what into it from now on',
  'volume-binding':
    'claimRef, volumeName, claim and volume attributes that the binder reads: a bound pair must not come apart, a released or available volume must not be given to another',
  reclaim:
    'Delete on a volume that is released or whose claim is going deletes it with its data; Retain on one that is bound is plain',
  addresses:
    'addresses and ports allocated for a Service: what is given up (type left LoadBalancer or NodePort, family or port dropped) may be taken by another or, outside the cluster, is gone',
  rights:
    'rules, subjects and aggregation: rights widened, also for the time until the undo; rights of the engineer, the writer and the lock lost, so that nothing can be taken back',
  webhooks:
    'what the configuration matches and whether it can be reached: the gateway’s own writes, Leases, everything; a mutating one alters objects that others write meanwhile',
  token:
    'content or annotations of a service account token Secret: the token controller deletes one whose account does not exist and fills one that names it',
  'crd-versions':
    'served, stored and structural schema of a CRD: stored fields pruned or dropped on the next write, objects no longer served, conversion out of reach',
  quota:
    'a limit lowered below what is used: pods that controllers make meanwhile are refused, none of those that run goes',
  resize:
    'resources of a running pod: whether its containers restart (resizePolicy), whether the node has room for the change and for its way back',
  identity: 'names a running pod cannot change but a new one gets: who refers to the former one',
} as const;

export type LookName = keyof typeof LOOKS;

/**
 * Rows of one kind: dotted path to rule. `*` stands for any map key or list element, `[name]` for the map key `name`
 * where it has dots, `[domain/*]` for every key of that prefix, `[*]` for every key without one, and a trailing `.**` for
 * everything below.
 */
export type Rows = Readonly<Record<string, FieldRule>>;

/** Kinds by `GROUP/Kind`; the core group is empty: `/Pod`. */
export type KindTable = Readonly<Record<string, Rows>>;
