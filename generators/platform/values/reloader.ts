import type { JsonObject } from '../../emit/yaml.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: deployments/kubernetes/chart/reloader/values.yaml of stakater/Reloader. */
export function reloaderValues({ services }: ComponentContext): JsonObject {
  return {
    fullnameOverride: 'reloader',
    reloader: {
      // A role in each namespace of services, rather than one over the secrets of the whole cluster.
      watchGlobally: false,
      namespaces: [...new Set(services.map(({ namespace }) => namespace))].sort(),
      // Services read a changed catalog without a restart; a run reads its secrets when it starts.
      ignoreConfigMaps: true,
      ignoreJobs: true,
      ignoreCronJobs: true,
      // An annotation of the pods is nobody's in git. A variable would be Argo CD's, which would take it away again.
      reloadStrategy: 'annotations',
      logFormat: 'json',
      readOnlyRootFileSystem: true,
      deployment: {
        containerSecurityContext: restrictedContainer,
        resources: resources('10m', '48Mi', { cpu: '200m', memory: '128Mi' }),
      },
      podMonitor: { enabled: true },
    },
  };
}
