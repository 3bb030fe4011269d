import { storageClass } from '../conventions.ts';
import { storeVersions } from './images.ts';
import { monitoring, pods, renderStorePolicy, toDns } from './network.ts';
import { restrictedContainer, restrictedPod, smallResources } from './pods.ts';
import { type StoreContext, storeMetadata, volumeSize } from './store-context.ts';

const name = 'logstash';
export const logstashPods = { 'logstash.k8s.elastic.co/name': name };

/** Of those who send logs with the protocol of Beats. */
export const logstashPort = 5044;

/** What came while Elasticsearch was away waits here. */
const queueGB = 5;

/**
 * Logstash takes the logs of agents that speak Beats, reads our JSON lines, and writes them to a data stream.
 *
 * Nothing writes to it yet: Alloy, which reads the pods' logs, speaks no Beats and feeds Loki alone. A Filebeat in the
 * monitoring namespace would be let in.
 */
export function renderLogstash(context: StoreContext): object[] {
  return [
    {
      apiVersion: 'logstash.k8s.elastic.co/v1alpha1',
      kind: 'Logstash',
      metadata: storeMetadata(context, { name, wave: 'workload' }),
      spec: {
        version: storeVersions.elastic,
        count: 1,
        elasticsearchRefs: [{ name: 'elasticsearch', clusterName: 'logs' }],
        config: { 'queue.type': 'persisted', 'queue.max_bytes': `${queueGB - 1}gb`, 'api.http.host': '0.0.0.0' },
        pipelines: [{ 'pipeline.id': 'logs', 'config.string': pipeline }],
        services: [
          { name: 'beats', service: { spec: { type: 'ClusterIP', ports: [{ name: 'beats', port: logstashPort }] } } },
        ],
        podTemplate: {
          spec: {
            automountServiceAccountToken: false,
            securityContext: restrictedPod(1000),
            initContainers: [
              {
                name: 'logstash-internal-init-config',
                resources: smallResources,
                securityContext: restrictedContainer,
              },
            ],
            containers: [
              {
                name,
                resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1', memory: '1536Mi' } },
                env: [{ name: 'LS_JAVA_OPTS', value: '-Xms512m -Xmx512m' }],
                securityContext: restrictedContainer,
              },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'logstash-data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: storageClass,
              resources: { requests: { storage: volumeSize(queueGB) } },
            },
          },
        ],
      },
    },
    renderStorePolicy(context, {
      name,
      pods: logstashPods,
      ingress: [monitoring(logstashPort)],
      egress: [toDns(), pods({ 'elasticsearch.k8s.elastic.co/cluster-name': 'elasticsearch' }, 9200)],
    }),
  ];
}

/** The variables are the operator's: address, user and authority of the cluster that it calls `logs`. */
const pipeline = `input {
  beats { port => ${logstashPort} }
}
filter {
  # Our services write one JSON object a line; a line of others stays as it is.
  if [message] =~ /^\\{/ {
    json { source => "message" skip_on_invalid_json => true }
  }
  if [time] {
    date { match => ["time", "UNIX_MS", "ISO8601"] remove_field => ["time"] }
  }
}
output {
  elasticsearch {
    hosts => ["\${LOGS_ES_HOSTS}"]
    user => "\${LOGS_ES_USER}"
    password => "\${LOGS_ES_PASSWORD}"
    ssl_certificate_authorities => "\${LOGS_ES_SSL_CERTIFICATE_AUTHORITY}"
    data_stream => true
    data_stream_type => "logs"
    data_stream_dataset => "defimon"
    data_stream_namespace => "default"
  }
}
`;
