import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { inputsOf } from '../testing/project.ts';
import { renderNotifications, subscriptionsOf } from './notifications.ts';

const { owners } = inputsOf('staging').catalog;

describe(renderNotifications.name, () => {
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into what it expects.
  const { data } = renderNotifications(owners) as any;

  it('knows a webhook for each owner, and no address', () => {
    for (const { id } of owners) expect(parse(data[`service.webhook.${id}`]).url).toBe(`$${id}`);
    expect(JSON.stringify(data)).not.toMatch(/https?:/);
  });

  it('has a template for whatever a trigger sends, with a body for each owner', () => {
    const triggers = Object.keys(data).filter((key) => key.startsWith('trigger.'));
    expect(triggers.length).toBe(3);
    for (const key of triggers) {
      const [{ send, when }] = parse(data[key]);
      expect(when).toContain('app.status');
      for (const template of send) {
        const { webhook } = parse(data[`template.${template}`]);
        expect(Object.keys(webhook).sort()).toEqual(owners.map(({ id }) => id).sort());
        for (const { body } of Object.values<{ body: string }>(webhook)) {
          expect(JSON.parse(body.replace(/\{\{.*\| toJson \}\}/s, '"x"'))).toEqual({ text: 'x' });
        }
      }
    }
  });

  it('sends what an app subscribes to', () => {
    const [{ trigger, destinations }] = parse(Object.values(subscriptionsOf('market')).join());
    for (const name of trigger) expect(data[`trigger.${name}`]).toBeDefined();
    expect(destinations).toEqual([{ service: 'market', recipients: ['market'] }]);
  });
});
