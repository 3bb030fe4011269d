import { sourcesAnnotation } from '../emit/manifest.ts';

/** The namespace Argo CD lives in. */
export const argocdNamespace = 'argocd';

/** The metadata of an object of Argo CD's own. Each stands for others, so a person confirms when one is to go. */
export function argocdMetadata(name: string, sources: readonly string[], wave: number) {
  return {
    name,
    namespace: argocdNamespace,
    labels: { 'app.kubernetes.io/part-of': 'defimon' },
    annotations: {
      'argocd.argoproj.io/sync-options': 'Prune=confirm,Delete=confirm',
      'argocd.argoproj.io/sync-wave': String(wave),
      ...(sources.length === 0 ? {} : { [sourcesAnnotation]: [...sources].sort().join('\n') }),
    },
  };
}

/**
 * How an app that cannot be synced tries again: for ever, since what it waits for (a cluster being made, the kinds that a
 * chart brings, a namespace) comes by an app of its own, and after a last try Argo CD leaves a commit alone.
 */
export const retryForEver = { limit: -1, backoff: { duration: '5s', factor: 2, maxDuration: '3m' } } as const;
