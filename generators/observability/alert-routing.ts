import type { Owner } from '../../catalog/schema/owner.ts';
import { metadataOf } from '../app.ts';
import { monitoringNamespace } from '../conventions.ts';
import { renderFilledSecret } from '../external-secret.ts';

/** The Secret of webhook addresses, by owner. */
const webhooks = 'alerting';

/** Alerts that say that alerting works, or help others to be kept back: nobody is to be woken by them. */
const quiet = [
  { receiver: 'nobody', matchers: [{ name: 'alertname', value: 'Watchdog|InfoInhibitor', matchType: '=~' }] },
  { receiver: 'nobody', matchers: [{ name: 'severity', value: 'none|info', matchType: '=~' }] },
];

/**
 * Who is told of whose alerts: each owner by his own webhook, the critical ones sooner and more often. What names no
 * owner, such as the alerts that charts bring, is the pool's.
 */
export function renderAlertRouting(owners: readonly Owner[], poolOwner: string): object[] {
  const sources = owners.map(({ id }) => `owner/${id}`);
  const routes = owners.map(({ id }) => ({
    receiver: id,
    matchers: [{ name: 'owner', value: id, matchType: '=' }],
    groupBy: ['alertname', 'network'],
    groupInterval: '5m',
    repeatInterval: '12h',
    routes: [
      {
        receiver: id,
        matchers: [{ name: 'severity', value: 'critical', matchType: '=' }],
        groupWait: '10s',
        repeatInterval: '1h',
      },
    ],
  }));
  return [
    {
      apiVersion: 'monitoring.coreos.com/v1alpha1',
      kind: 'AlertmanagerConfig',
      metadata: metadataOf({ name: 'owners', namespace: monitoringNamespace, wave: 'config', sources }),
      spec: {
        route: { receiver: poolOwner, groupBy: ['alertname'], routes: [...quiet, ...routes] },
        receivers: [...owners.map(receiverOf), { name: 'nobody' }],
        inhibitRules: [
          {
            // A network that stands still is not told a second time for being behind.
            sourceMatch: [{ name: 'alertname', value: 'NetworkSilent', matchType: '=' }],
            targetMatch: [{ name: 'alertname', value: 'NetworkBehind', matchType: '=' }],
            equal: ['network'],
          },
        ],
      },
    },
    renderFilledSecret(
      metadataOf({ name: webhooks, namespace: monitoringNamespace, wave: 'secret', sources }),
      Object.fromEntries(owners.map(({ id, notify }) => [id, notify.secretRef])),
    ),
  ];
}

function receiverOf({ id, notify }: Owner): object {
  return {
    name: id,
    slackConfigs: [
      {
        apiURL: { name: webhooks, key: id },
        channel: `#${notify.channel}`,
        sendResolved: true,
        title: '{{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }}, {{ .Status }})',
        text: '{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.action }}\n{{ end }}',
      },
    ],
  };
}
