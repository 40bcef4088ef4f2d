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
   * `lost`: something is gone for good. `stays`: what they made of it is left behind.
   */
  | { act: 'controllers'; what: string; back: 'itself' | 'lost' | 'stays' }
  /** Controllers act on it, and the objects or the direction of the change decide: see {@link LOOKS}. */
  | { act: 'controllers'; what: string; back: 'look'; look: LookName }
  /** Cannot be put back. */
  | { act: 'one-way'; why: string }
  /** The API server refuses to change it. Should it show up in a change after all, it is one-way. */
  | { act: 'immutable' };

/** What has to be looked at before a change can be judged: the values before and after, and the objects around it. */
export const LOOKS = {
  owners:
    'an owner added that is not served under that uid, lives in another namespace or is being deleted makes the garbage collector delete the object and all below it; an owner taken away, or the controller flag moved, changes who adopts, scales and deletes it; blockOwnerDeletion only delays a foreground deletion',
  finalizers:
    'one taken away skips the clean-up that waits for it (one-way); one added keeps the object from being deleted until somebody takes it away; foregroundDeletion and orphan decide what becomes of dependents',
  rollout:
    'which pods are replaced (none now with OnDelete, while paused, or below the partition) and what goes with them: emptyDir, generic ephemeral volumes, data on the node; whether a history limit prunes the oldest revision; whether pods with the former template can start again',
  scale:
    'lowered: the pods that go, with their emptyDir and generic ephemeral volumes, and for a StatefulSet with whenScaled Delete their claims; raised: the claims made for new ordinals, which stay; an autoscaler on the same target writes its own number',
  strategy:
    'a rollout under way, or pods behind the template (OnDelete to RollingUpdate, partition lowered, paused taken away): pods are replaced now; else nothing happens',
  copies:
    'the deployment controller copies annotations to the ReplicaSet in use and never takes them away there (copyDeploymentAnnotationsToReplicaSet): what is added or changed stays on it',
  history:
    'lowered below what is kept: the ReplicaSets, ControllerRevisions or Jobs (with their pods and logs) beyond it are deleted; raised: nothing',
  retention:
    'which claims have gained or lost the set or its pods as owners, and would be deleted with them; with Delete and a smaller set under way, at once',
  deadline:
    'set or lowered: whether the job is beyond it already (failed for good, its pods killed) or finished that long ago (deleted with its pods); raised or taken away: nothing',
  suspend:
    'a job suspended loses its running pods and their work, one resumed starts them; a CronJob suspended misses runs, one resumed may start those it missed within startingDeadlineSeconds (or the last without one)',
  schedule:
    'which runs fall into the time until the undo, or are due at once; a run has done its work; Replace kills a running job',
  scaler:
    'bounds, target and metrics against the size the target has now: pods that go (as for scale), and the size that stays unless it is put back',
  taints:
    'an effect NoExecute added: the pods of the node (or that use the device) without a toleration go, bare ones for good; the key node.kubernetes.io/out-of-service deletes pods by force and detaches their volumes; taken away: pods are placed there, and those that do not tolerate NoExecute are evicted by the undo, bare ones for good',
  unschedulable: 'pods placed or left pending meanwhile; what is placed stays where it is',
  'node-labels':
    'DaemonSets whose node selector or affinity names the label: their pods go or come; other pods stay, but fail when their kubelet restarts meanwhile; zone, host and role labels are read by volumes, load balancers and cloud controllers',
  'pod-labels':
    'whose selector the pod leaves or joins: a controller that lost it makes another, and deletes one when it has it back; Services, budgets and network policies only follow',
  selectors:
    'which objects the selector leaves or takes in: those without owner are adopted, owned ones released and made again, and the surplus is deleted when they come back',
  'namespace-labels':
    'pod security levels (pod-security.kubernetes.io), and who selects the namespace by the label: webhooks, admission policies, network policies, injectors; the gateway’s own writes among what they match',
  'volume-binding':
    'a bound pair must not come apart (claimRef, its uid, bind-completed); a released or available volume must not be given to another claim, unless it stays reserved for a new claim of that name (Retain); a claim that waits must not be provisioned or given a class; labels of a volume are read by claims with a selector and by the scheduler',
  reclaim:
    'Delete or Recycle on a volume that is released, or whose claim is being deleted, deletes it with its data at once; on a bound or available one, and for Retain, nothing happens yet',
  addresses:
    'what is given up and could be taken by another: cluster address, node ports, health check port; a load balancer outside the cluster (type, class, address, ingress class moved to another controller), whose address is gone; ports of a ClusterIP Service just follow',
  rights:
    'rights widened, also for the time until the undo; rights taken from the engineer, the writer, the reader or the lock, so that nothing can be taken back; rights taken from a controller',
  webhooks:
    'what it matches (Leases, the gateway’s own writes, everything) and whether it can be reached under failurePolicy Fail; a mutating one alters what others write meanwhile, for good',
  token:
    'a Secret of type service-account-token or bootstrap-token, or one that an account lists: tokens issued, withdrawn or cleaned away; any other Secret just comes back',
  'crd-versions':
    'stored fields that the new schema prunes on the next write; status or scale taken away; a version no longer served or stored; conversion out of reach',
  quota:
    'lowered below what is used and controllers that make objects meanwhile: refused until the undo, and a run of a CronJob may be missed; raised: others may fill it',
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
