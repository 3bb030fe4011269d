/** A kind that belongs to no namespace, as an AppProject lists it. */
type ClusterKind = { readonly group: string; readonly kind: string };

const usual: readonly ClusterKind[] = [
  { group: 'admissionregistration.k8s.io', kind: 'MutatingWebhookConfiguration' },
  { group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration' },
  { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole' },
  { group: 'rbac.authorization.k8s.io', kind: 'ClusterRoleBinding' },
];

/** What a chart brings beyond the usual, as `helm template` shows it. */
const special: Readonly<Record<string, ClusterKind>> = {
  'hcloud-csi': { group: 'storage.k8s.io', kind: 'CSIDriver' },
  keda: { group: 'apiregistration.k8s.io', kind: 'APIService' },
  kong: { group: 'networking.k8s.io', kind: 'IngressClass' },
  'metrics-server': { group: 'apiregistration.k8s.io', kind: 'APIService' },
};

/** The kinds of no namespace that these components' charts bring, each once and sorted. */
export function clusterKindsOf(componentIds: readonly string[]): ClusterKind[] {
  const all = [...usual, ...componentIds.flatMap((id) => special[id] ?? [])];
  const byName = new Map(all.map((one) => [`${one.group}/${one.kind}`, one]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** What no chart may bring: rules that hold for a namespace are ours, and Argo CD looks after itself. */
export const refusedKinds = [
  { group: '', kind: 'LimitRange' },
  { group: '', kind: 'ResourceQuota' },
  { group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  ...['Application', 'ApplicationSet', 'AppProject'].map((kind) => ({ group: 'argoproj.io', kind })),
];
