/**
 * One object that the control mode may read and write: the lock Lease, an object of the fence, or (`subresource`
 * `token`) the tokens of one ServiceAccount. `namespace` is empty for cluster-wide kinds.
 */
export interface ControlGrant {
  group: string;
  resource: string;
  namespace: string;
  name: string;
  subresource: string;
}
