import { metadataOf, type Place } from '../app.ts';
import { lentBrokerHost, lentKafka, lentKafkaHosts } from '../stores/lent-kafka.ts';
import type { LentTo } from './lent-store.ts';
import { kongClass } from './plugins.ts';
import { certificateSecretOf, renderCertificate } from './routes.ts';

/**
 * The door of a Kafka that other pools borrow: TLS ends at the gateway, with a certificate that every client trusts already, and what
 * is behind it is told by the name that was asked for. A load balancer for each broker, as Kafka's operator would make, costs one
 * more a broker, lets nobody be kept out by address, and asks for a certificate to be copied to the borrowers once a year.
 * Who comes through must then log in at Kafka.
 */
export function renderLentKafka(place: Place, host: string, brokers: number, { borrowers, egress }: LentTo): object[] {
  const sources = [`pool/${place.pool}`, ...borrowers.map((pool) => `pool/${pool}`)];
  const hosts = lentKafkaHosts(host, brokers);
  const annotations = { 'kubernetes.io/ingress.class': kongClass };
  const { port, bootstrapService, brokerService } = lentKafka;
  const to = (name: string, serviceName: string) => ({ host: name, port, backend: { serviceName, servicePort: port } });
  return [
    renderCertificate(place, host, hosts.slice(1)),
    ...(egress.length === 0
      ? []
      : [
          {
            apiVersion: 'configuration.konghq.com/v1',
            kind: 'KongPlugin',
            metadata: metadataOf({
              name: callersPlugin,
              namespace: place.namespace,
              wave: 'config',
              sources,
              annotations,
            }),
            plugin: 'ip-restriction',
            config: { allow: [...egress] },
          },
        ]),
    {
      apiVersion: 'configuration.konghq.com/v1beta1',
      kind: 'TCPIngress',
      metadata: metadataOf({
        name: 'kafka',
        namespace: place.namespace,
        wave: 'edge',
        sources,
        annotations: { ...annotations, ...(egress.length === 0 ? {} : { 'konghq.com/plugins': callersPlugin }) },
      }),
      spec: {
        tls: [{ hosts, secretName: certificateSecretOf(host) }],
        rules: [
          to(host, bootstrapService),
          ...Array.from({ length: brokers }, (_, broker) => to(lentBrokerHost(host, broker), brokerService(broker))),
        ],
      },
    },
  ];
}

const callersPlugin = 'kafka-callers';
