import { IntOrString, KubeDeployment, KubeService, Quantity } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { priorityClasses, secretStore, storeLabel } from '../conventions.ts';
import { pods, toDns } from '../stores/network.ts';
import { restrictedPod, sealedContainer } from '../stores/pods.ts';
import { renderAccount, renderBudget, servicePorts } from './ethereum-node.ts';
import { fromPool, renderWorkloadPolicy } from './reach.ts';
import { onNodesOf, requirementsOf, selectorOf, type WorkloadContext, workloadMetadata } from './workload-context.ts';

const userId = 10001;

/** Where models are kept: a bucket of the pool's object store, which MLflow alone reaches; clients go through it. */
const artifacts = { endpoint: 'http://minio-hl:9000', destination: 's3://models' };

/** Variables that come from the secret store: `<variable>: [entry, property]`. */
const secrets = {
  MLFLOW_BACKEND_STORE_URI: ['mlflow', 'database-url'],
  AWS_ACCESS_KEY_ID: ['mlflow', 'access-key'],
  AWS_SECRET_ACCESS_KEY: ['mlflow', 'secret-key'],
} as const;

/** Experiments and models. It shows no metrics of its own: Kubernetes' are what there is. */
export function renderMlflow(context: WorkloadContext): object[] {
  const { workload } = context;
  return [
    renderAccount(context),
    renderSecret(context),
    renderWorkloadPolicy(context, {
      ingress: [fromPool(context, workload.port)],
      egress: [toDns(), pods({ [storeLabel]: 'relational' }, 5432), pods({ [storeLabel]: 'objects' }, 9000)],
    }),
    renderServer(context),
    KubeService.manifest({
      metadata: workloadMetadata(context, { wave: 'workload' }),
      spec: {
        type: 'ClusterIP',
        selector: selectorOf(context),
        ports: servicePorts([{ name: 'http', port: workload.port }]),
      },
    }),
    renderBudget(context),
  ];
}

function renderServer(context: WorkloadContext): object {
  const { workload, nodeGroup, host, place } = context;
  const labels = selectorOf(context);
  const healthy = { httpGet: { path: '/health', port: IntOrString.fromString('http') } };
  return KubeDeployment.manifest({
    metadata: workloadMetadata(context, { wave: 'workload' }),
    spec: {
      replicas: workload.replicas,
      revisionHistoryLimit: 5,
      selector: { matchLabels: labels },
      // It migrates its own tables when it starts: two versions must not do so at once.
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels: { ...labels, 'app.kubernetes.io/part-of': 'defimon' } },
        spec: {
          serviceAccountName: workload.id,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: priorityClasses.standard,
          ...onNodesOf(nodeGroup),
          securityContext: restrictedPod(userId),
          containers: [
            {
              name: workload.id,
              image: workload.image,
              imagePullPolicy: 'IfNotPresent',
              command: ['mlflow'],
              args: [
                'server',
                '--host=0.0.0.0',
                `--port=${workload.port}`,
                '--workers=2',
                '--serve-artifacts',
                `--artifacts-destination=${artifacts.destination}`,
                // Pages of other names must not reach it through a browser.
                `--allowed-hosts=${hostsOf(workload.id, place.namespace, workload.port, host).join(',')}`,
              ],
              env: [
                ...Object.keys(secrets).map((name) => ({
                  name,
                  valueFrom: { secretKeyRef: { name: workload.id, key: name } },
                })),
                { name: 'MLFLOW_S3_ENDPOINT_URL', value: artifacts.endpoint },
                { name: 'MLFLOW_DISABLE_TELEMETRY', value: 'true' },
                { name: 'HOME', value: '/tmp' },
              ],
              ports: [{ name: 'http', containerPort: workload.port, protocol: 'TCP' }],
              resources: requirementsOf(workload),
              startupProbe: { ...healthy, periodSeconds: 5, failureThreshold: 60 },
              livenessProbe: { ...healthy, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 4 },
              readinessProbe: { ...healthy, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
              securityContext: sealedContainer,
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          // Models pass through on their way to the object store.
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: Quantity.fromString('4Gi') } }],
        },
      },
    },
  });
}

function renderSecret(context: WorkloadContext): object {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: workloadMetadata(context, { wave: 'secret' }),
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      target: { name: context.workload.id, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      data: Object.entries(secrets).map(([secretKey, [key, property]]) => ({
        secretKey,
        remoteRef: { key, property },
      })),
    },
  };
}

function hostsOf(service: string, namespace: string, port: number, host: string): string[] {
  const names = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
  // Probes come by the pod's address.
  return [...names.map((rest) => `${service}${rest}:${port}`), host, `10.*:${port}`, `localhost:${port}`];
}
