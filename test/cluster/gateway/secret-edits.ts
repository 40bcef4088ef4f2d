/** A useful edit of a Secret, as a script of bash in a safe terminal that may write. */
export interface SecretEdit {
  name: string;
  script: string;
  /** Decoded data of `login` afterwards; what is not named stays, null is gone. */
  data?: Record<string, string | null>;
  /** Annotations and labels afterwards. */
  annotations?: Record<string, string | null>;
  labels?: Record<string, string>;
  /** The script must fail, and nothing may have changed. */
  refused?: RegExp;
}

/** `MANIFEST` is what was applied when `login` was made: without `old`, and with a new `user`. */
export const EDITS: SecretEdit[] = [
  { name: 'read and apply as it is', script: 'kubectl get secret login -o yaml | kubectl apply -f -' },
  { name: 'read and replace as it is', script: 'kubectl get secret login -o json | kubectl replace -f -' },
  {
    name: 'read, change one value, apply',
    script: `kubectl get secret login -o yaml | sed 's/^  user: .*/  user: bmV3/' | kubectl apply -f -`,
    data: { user: 'new' },
  },
  {
    name: 'edit',
    script: `KUBE_EDITOR="sed -i 's/^  user: .*/  user: bmV3/'" kubectl edit secret login`,
    data: { user: 'new' },
  },
  {
    name: 'edit that renames a key',
    script: `KUBE_EDITOR="sed -i 's/^  password: /  pass: /'" kubectl edit secret login`,
    data: { password: null, pass: 'Vq7mZx2kLp9tRw4s' },
  },
  {
    name: 'annotate and label',
    script: 'kubectl annotate secret login note=x && kubectl label secret login tier=front',
    annotations: { note: 'x' },
    labels: { tier: 'front' },
  },
  {
    name: 'merge patch',
    script: `kubectl patch secret login -p '{"stringData":{"user":"new"},"data":{"old":null}}'`,
    data: { user: 'new', old: null },
  },
  {
    name: 'JSON patch',
    script: `kubectl patch secret login --type=json -p '[{"op":"replace","path":"/data/user","value":"bmV3"},{"op":"move","from":"/data/old","path":"/data/older"}]'`,
    data: { user: 'new', old: null, older: 'Jd8nYb3hGc6fTq1v' },
  },
  { name: 'apply a manifest without a key', script: 'kubectl apply -f "$MANIFEST"', data: { user: 'new', old: null } },
  {
    name: 'apply a manifest on the server',
    script: 'kubectl apply --server-side --force-conflicts -f "$MANIFEST"',
    data: { user: 'new', old: null },
  },
  {
    name: 'make anew and apply',
    script: `kubectl create secret generic login --from-literal=user=new --from-literal=password=fresh --dry-run=client -o yaml | kubectl apply -f -`,
    data: { user: 'new', password: 'fresh', old: null },
  },
  {
    name: 'environment from the Secret',
    script: `kubectl set env deployment/web --from=secret/login && kubectl get deployment web -o yaml | grep -q secretKeyRef`,
  },
  {
    name: 'delete and create again',
    script: `saved=$(kubectl get secret login -o json | grep -v '"resourceVersion"\\|"uid"') && kubectl delete secret login && echo "$saved" | kubectl create -f -`,
  },
  {
    name: 'copy under another name',
    script: `kubectl get secret login -o yaml | sed 's/^  name: login/  name: copy/' | kubectl apply -f -`,
    refused: /may only be written back as a value of that Secret/,
  },
  {
    name: 'placeholder in a deployment',
    script: `kubectl set env deployment/web P="$(kubectl get secret login -o jsonpath='{.data.password}' | base64 -d)"`,
    refused: /placeholder/,
  },
];
