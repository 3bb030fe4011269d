import type { Owner } from '../../catalog/schema/owner.ts';
import type { Manifest } from '../emit/manifest.ts';
import { writeYaml } from '../emit/yaml.ts';
import { argocdMetadata } from './argocd-metadata.ts';

/**
 * What an owner is told of, by Argo CD's own words. `when` is an expression over the Application; `text` is a format of
 * Go's for `value`, a path in it.
 */
const triggers = [
  {
    id: 'on-sync-failed',
    when: "app.status?.operationState?.phase in ['Error', 'Failed']",
    text: 'could not be synced: %v',
    value: '.app.status.operationState.message',
  },
  {
    id: 'on-health-degraded',
    when: "app.status?.health?.status == 'Degraded'",
    text: 'is degraded since %v',
    value: '.app.status.health.lastTransitionTime',
  },
  {
    id: 'on-deployed',
    when: "app.status?.operationState?.phase in ['Succeeded'] and app.status?.health?.status == 'Healthy'",
    // Once a commit, not once a look.
    oncePer: 'app.status?.operationState?.syncResult?.revision',
    text: 'runs %v',
    value: '.app.status.sync.revision',
  },
] as const;

/** The annotation that asks for all triggers on behalf of an owner; `owner` may be a template. */
export function subscriptionsOf(owner: string): Record<string, string> {
  const trigger = `[${triggers.map(({ id }) => id).join(', ')}]`;
  const lines = [`- trigger: ${trigger}`, '  destinations:', `    - service: ${owner}`, `      recipients: [${owner}]`];
  return { 'notifications.argoproj.io/subscriptions': `${lines.join('\n')}\n` };
}

/**
 * The configuration of Argo CD's notifications: each owner of the catalog is a webhook. Its address is read from
 * argocd-notifications-secret under the owner's id, so it is in no file of ours; the body is what Slack's incoming
 * webhooks take.
 */
export function renderNotifications(owners: readonly Owner[]): Manifest {
  const sources = owners.map(({ id }) => `owner/${id}`);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: argocdMetadata('argocd-notifications-cm', sources, -5),
    data: Object.fromEntries([
      ...owners.map(({ id }) => [`service.webhook.${id}`, webhookOf(id)]),
      ...triggers.map(({ id, when, ...rest }) => [
        `trigger.${id}`,
        writeYaml([{ when, send: [id], ...('oncePer' in rest ? { oncePer: rest.oncePer } : {}) }]),
      ]),
      ...triggers.map(({ id, text, value }) => [`template.${id}`, templateOf(owners, text, value)]),
    ]),
  };
}

function webhookOf(owner: string): string {
  return writeYaml({ url: `$${owner}`, headers: [{ name: 'Content-Type', value: 'application/json' }] });
}

function templateOf(owners: readonly Owner[], text: string, value: string): string {
  const line = `printf "%s ${text}\\n%s/applications/%s" .app.metadata.name ${value} .context.argocdUrl .app.metadata.name`;
  // What Kubernetes says may hold quotes and line ends: only toJson makes a JSON string of it.
  const hook = { method: 'POST', body: `{"text": {{ ${line} | toJson }}}` };
  return writeYaml({ message: `{{ ${line} }}`, webhook: Object.fromEntries(owners.map(({ id }) => [id, hook])) });
}
