import { describe, expect, it } from 'vitest';
import { severities, tierOf } from '../../catalog/tiers.ts';
import type { RenderInputs } from '../inputs.ts';
import { inputsOf } from '../testing/project.ts';
import { checkRules, hasPromtool, testRules } from '../testing/promtool.ts';
import { renderAlertRouting } from './alert-routing.ts';
import { chainAlerts } from './chain-alerts.ts';
import { marketAlerts } from './market-alerts.ts';
import { serviceAlerts } from './service-alerts.ts';

const { catalog, environment } = inputsOf('production');

describe(chainAlerts.name, () => {
  const alerts = chainAlerts(catalog.networks, environment).flatMap((group) => group.alerts);

  it('watches each network that is followed, as loudly as its tier says', () => {
    const optimism = alerts.filter(({ network }) => network === 'optimism');
    expect(optimism.map(({ alert }) => alert)).toEqual(['NetworkBehind', 'NetworkSilent', 'NetworkErrors']);
    for (const { network, severity } of alerts) {
      const entry = catalog.networks.find(({ id }) => id === network);
      expect(severity).toBe(entry && severities[tierOf(entry)]);
    }
  });

  it('watches none that is retired, or not followed in this environment', () => {
    const watched = new Set(alerts.map(({ network }) => network));
    const phaseOne = { ...environment, phases: [1] };
    const fewer = new Set(
      chainAlerts(catalog.networks, phaseOne).flatMap((group) => group.alerts.map((a) => a.network)),
    );
    expect(fewer.size).toBeLessThan(watched.size);
    for (const { id, status } of catalog.networks) if (status === 'retired') expect(watched).not.toContain(id);
  });

  it.skipIf(!hasPromtool)('is loud when a network falls behind, and quiet when it does not', () => {
    const series = (name: string, values: string) => ({
      series: `${name}{network="optimism",job="chain-sync"}`,
      values,
    });
    const result = testRules(allGroups(catalog), {
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: [series('defimon_head_block', '1000+100x20'), series('defimon_synced_block', '1000+0x20')],
          alert_rule_test: [
            { eval_time: '1m', alertname: 'NetworkBehind', exp_alerts: [] },
            {
              eval_time: '8m',
              alertname: 'NetworkBehind',
              exp_alerts: [
                {
                  exp_labels: { severity: 'critical', owner: 'analytics', network: 'optimism', job: 'chain-sync' },
                  exp_annotations: annotationsOf('NetworkBehind', '800'),
                },
              ],
            },
          ],
        },
      ],
    });
    expect(result).toBe('');
  });

  function annotationsOf(alert: string, value: string) {
    const found = alerts.find((one) => one.network === 'optimism' && one.alert === alert);
    return { summary: found?.summary.replace('{{ $value }}', value), action: found?.action };
  }
});

describe(serviceAlerts.name, () => {
  it('watches what is released, its answers where it gives any', () => {
    const groups = serviceAlerts(catalog.services);
    expect(groups.map(({ name }) => name)).toEqual(
      catalog.services.filter(({ released }) => released).map(({ id }) => `service-${id}`),
    );
    const api = groups.find(({ name }) => name === 'service-analytics-api')?.alerts.map(({ alert }) => alert);
    expect(api).toContain('AnswersFail');
    expect(api).toContain('DatabaseConnectionFailed');
  });
});

describe(renderAlertRouting.name, () => {
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into what it expects.
  const [config, secret] = renderAlertRouting(catalog.owners, 'analytics') as any[];

  it('has a receiver for the owner of every alert, whose address the secret store fills in', () => {
    const receivers = config.spec.receivers.map(({ name }: { name: string }) => name);
    const keys = secret.spec.data.map(({ secretKey }: { secretKey: string }) => secretKey);
    for (const { owner } of allGroups(catalog).flatMap((group) => group.alerts)) {
      expect(receivers).toContain(owner);
      expect(keys).toContain(owner);
    }
    for (const route of config.spec.route.routes) expect(receivers).toContain(route.receiver);
    expect(JSON.stringify(config)).not.toContain('https://');
  });
});

describe('every alert', () => {
  it.skipIf(!hasPromtool)('is one that Prometheus takes', () => {
    expect(checkRules(allGroups(inputsOf('staging').catalog))).toBe('');
  });

  it('says what to do, and who is told', () => {
    for (const { alerts } of allGroups(inputsOf('staging').catalog)) {
      for (const { action, summary, owner } of alerts) {
        expect(action.length).toBeGreaterThan(20);
        expect(summary.length).toBeGreaterThan(10);
        expect(catalog.owners.map(({ id }) => id)).toContain(owner);
      }
    }
  });
});

function allGroups({ networks, services, pairs }: RenderInputs['catalog']) {
  return [...chainAlerts(networks, environment), ...serviceAlerts(services), ...marketAlerts(services, pairs)];
}
