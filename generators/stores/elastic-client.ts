/** Where Elasticsearch is reached inside the namespace, as the operator names its Service. */
export const elasticAddress = 'https://elasticsearch-es-http:9200';

const secretName = 'elasticsearch-es-http-certs-public';
const mountPath = '/authority';

/** The authority that the operator signs its certificate with, for pods that call it. */
export const elasticAuthority = {
  file: `${mountPath}/ca.crt`,
  volume: { name: 'authority', secret: { secretName } },
  mount: { name: 'authority', mountPath, readOnly: true },
};
