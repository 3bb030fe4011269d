import type { Manifest } from '../emit/manifest.ts';

/**
 * The packages that hold models of the kinds we render, by API group. They tell a wrong type, value or missing field,
 * but no unknown one, so they are the second best to the strict schemas, and always at hand.
 */
const packages: Readonly<Record<string, string>> = {
  'argoproj.io': '@kubernetes-models/argo-cd',
  'cert-manager.io': '@kubernetes-models/cert-manager',
  'external-secrets.io': '@kubernetes-models/external-secrets',
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};
/** Groups of Kubernetes itself. */
const ownGroups = /^$|^(apps|autoscaling|batch|policy)$|\.k8s\.io$/;

/** What is wrong with an object by its model: undefined when there is none for its kind. */
export async function findModelError(manifest: Manifest): Promise<string | undefined> {
  const { apiVersion, kind } = manifest;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const from = packages[group] ?? (ownGroups.test(group) ? 'kubernetes-models' : undefined);
  if (from === undefined) return undefined;
  const module: unknown = await import(`${from}/${apiVersion}/${kind}`).catch(() => undefined);
  const Model: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, kind) : undefined;
  if (typeof Model !== 'function') return undefined;
  const model: unknown = Reflect.construct(Model, [manifest]);
  try {
    const validate: unknown = typeof model === 'object' && model !== null ? Reflect.get(model, 'validate') : undefined;
    if (typeof validate === 'function') Reflect.apply(validate, model, []);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether there is a model for the kind of an object. */
export async function hasModel(manifest: Manifest): Promise<boolean> {
  const broken = { apiVersion: manifest.apiVersion, kind: manifest.kind, metadata: 5 };
  // biome-ignore lint/suspicious/noExplicitAny: it is broken on purpose.
  return (await findModelError(broken as any)) !== undefined;
}
