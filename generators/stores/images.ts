/**
 * What the stores run, each one fixed version. An upgrade is a merge request, and its plan names the pods that restart.
 * Kafka's image comes with Strimzi, so it is a version alone, of those that the operator's version knows.
 */
export const storeImages = {
  postgresql: 'ghcr.io/cloudnative-pg/postgresql:18.2-standard-trixie',
  clickhouse: 'docker.io/clickhouse/clickhouse-server:25.8.11.66',
  keeper: 'docker.io/clickhouse/clickhouse-keeper:25.8.11.66',
  redis: 'quay.io/opstree/redis:v7.0.15',
  redisSentinel: 'quay.io/opstree/redis-sentinel:v7.0.15',
  redisExporter: 'quay.io/opstree/redis-exporter:v1.44.0',
  minio: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z',
  minioClient: 'quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z',
  elasticsearchExporter: 'quay.io/prometheuscommunity/elasticsearch-exporter:v1.9.0',
  curl: 'docker.io/curlimages/curl:8.16.0',
} as const;

/** Versions of what an operator finds the image of by itself. */
export const storeVersions = { kafka: '4.1.1', mongodb: '8.0.4', elastic: '9.1.4' } as const;
