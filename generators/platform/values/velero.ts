import type { Provider } from '../../../catalog/schema/machine.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** The plugin that speaks to each provider's object store: all but Google's speak as S3 does. */
const plugins: Readonly<Record<Provider, string>> = {
  aws: 'velero/velero-plugin-for-aws:v1.14.1',
  digitalocean: 'velero/velero-plugin-for-aws:v1.14.1',
  gcp: 'velero/velero-plugin-for-gcp:v1.14.1',
  hetzner: 'velero/velero-plugin-for-aws:v1.14.1',
  undecided: 'velero/velero-plugin-for-aws:v1.14.1',
};

/** Where it backs up to, and when, is rendered beside the stores. Source: charts/velero/values.yaml of vmware-tanzu. */
export function veleroValues({ pool }: ComponentContext): JsonObject {
  return {
    fullnameOverride: 'velero',
    backupsEnabled: false,
    snapshotsEnabled: false,
    // Argo CD applies the definitions of the chart itself.
    upgradeCRDs: false,
    // Each place that backups go to names its own.
    credentials: { useSecret: false },
    initContainers: [
      {
        name: 'plugin',
        image: `docker.io/${plugins[pool?.provider ?? 'undecided']}`,
        volumeMounts: [{ mountPath: '/target', name: 'plugins' }],
        securityContext: restrictedContainer,
        resources: resources('10m', '32Mi', { cpu: '200m', memory: '128Mi' }),
      },
    ],
    configuration: { uploaderType: 'kopia', features: 'EnableCSI' },
    resources: resources('50m', '128Mi', { cpu: '1', memory: '512Mi' }),
    podSecurityContext: { ...restrictedPod, runAsUser: 65534, fsGroup: 65534 },
    containerSecurityContext: restrictedContainer,
    deployNodeAgent: true,
    nodeAgent: { resources: resources('20m', '96Mi', { cpu: '1', memory: '1Gi' }) },
    metrics: {
      enabled: true,
      serviceMonitor: { enabled: true, autodetect: false },
      nodeAgentPodMonitor: { enabled: true, autodetect: false },
    },
  };
}
