import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseEnvironment } from '../../catalog/environment.ts';
import { inputsOf, projectRoot } from '../testing/project.ts';
import { composeFolder, renderCompose } from './compose.ts';

interface Container {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly deploy?: { readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } } };
  readonly restart?: string;
}

const { catalog } = inputsOf('staging');
const settings = 'environments/local/environment.yaml';
const { environment } = parseEnvironment(settings, readFileSync(join(projectRoot, settings)), catalog);
if (environment === undefined) throw new Error(`${settings} does not hold`);
const files = renderCompose({ catalog, environment });
const textOf = (name: string): string => files.find(({ path }) => path === `environments/local/${name}`)?.text ?? '';
const compose: { services: Record<string, Container>; volumes: Record<string, unknown> } = parse(
  textOf('compose.yaml'),
);
const containers = Object.entries(compose.services);
/** That of a machine with Docker; elsewhere there is none to ask. */
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

describe(renderCompose.name, () => {
  it('runs every released service as a container of its own, and the stores, gateway and monitoring of the brief', () => {
    const released = catalog.services.filter(({ released, workload }) => released && workload?.kind !== 'kong');
    for (const { id } of released) expect(compose.services[id]?.command, id).toContain(`--target=${id}`);
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['postgres', 'clickhouse', 'redis', 'kafka', 'gateway', 'prometheus', 'grafana']),
    );
  });

  it('opens the ports of the brief, to this machine alone, each once', () => {
    const published = containers.flatMap(([, { ports = [] }]) => ports);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    const numbers = published.map((port) => Number(port.split(':')[1]));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.sort((a, b) => a - b)).toEqual([3000, 3001, 5432, 6379, 8000, 8002, 8080, 8123, 8443, 9090, 9092]);
  });

  it('looks after every container: its health, its limits, and that it comes back', () => {
    for (const [name, { healthcheck, deploy, restart }] of containers) {
      expect(healthcheck?.test.length, name).toBeGreaterThan(1);
      expect(Number(deploy?.resources.limits.cpus), name).toBeGreaterThan(0);
      expect(deploy?.resources.limits.memory, name).toMatch(/^\d+m$/);
      expect(restart, name).toBe('unless-stopped');
    }
  });

  it('starts nothing before what it needs is well, and waits for nothing that is not there', () => {
    for (const [name, { depends_on = {}, network_mode }] of containers) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(compose.services, name).toHaveProperty([other]);
        expect(condition, name).toBe('service_healthy');
      }
      if (network_mode !== undefined) expect(compose.services).toHaveProperty([network_mode.replace('service:', '')]);
    }
    for (const { id, needs } of catalog.services.filter(({ released }) => released)) {
      const stores = ['postgres', 'clickhouse', 'redis', 'kafka'].filter(
        (store) => compose.services[id]?.depends_on?.[store],
      );
      expect(stores.length, id).toBe(needs.length);
    }
  });

  it('tells the dashboard where the APIs and all processes are, and shows it every environment but this one', () => {
    const { environment: its = {}, volumes = [], depends_on = {} } = compose.services.admin ?? {};
    expect(its).toMatchObject({
      ANALYTICS_API_URL: 'http://analytics-api:8002',
      MARKET_API_URL: 'http://market-api:8080',
      GRAFANA_URL: 'http://localhost:3001',
    });
    const scraped = parse(textOf('compose/prometheus.yaml')).scrape_configs.flatMap(
      (job: { job_name: string; static_configs: { targets: string[] }[] }) =>
        job.job_name === 'gateway' ? [] : `http://${job.static_configs[0]?.targets[0]}`,
    );
    expect(its.OPS_URLS?.split(',')).toEqual(scraped);
    expect(Object.keys(depends_on)).toEqual(expect.arrayContaining(['analytics-api', 'market-api']));
    expect(volumes.filter((volume) => volume.includes('/environments/'))).toEqual(
      ['dev', 'staging', 'production'].map((name) => `../${name}:/app/environments/${name}:ro`),
    );
  });

  it('mounts files that are generated or in the project, and volumes that are declared', () => {
    const generated = files.map(({ path }) => path);
    for (const [name, { volumes = [], build }] of containers) {
      for (const source of volumes.map((volume) => volume.split(':')[0] ?? '')) {
        if (!source.startsWith('.')) expect(compose.volumes, name).toHaveProperty([source]);
        else if (source.startsWith('./')) {
          const path = `environments/local/${source.slice(2)}`;
          expect(
            generated.some((one) => one === path || one.startsWith(`${path}/`)),
            source,
          ).toBe(true);
        } else expect(existsSync(join(projectRoot, 'environments/local', source)), source).toBe(true);
      }
      if (build !== undefined)
        expect(existsSync(join(projectRoot, 'environments/local', build.context, build.dockerfile)), name).toBe(true);
    }
  });

  it('takes every password from a variable, and offers each in the example', () => {
    const secret = /(PASSWORD|SECRET)/;
    const variables = containers.flatMap(([, { environment: its = {} }]) => Object.entries(its));
    for (const [name, value] of variables) if (secret.test(name)) expect(value, name).toMatch(/^\$\{[A-Z_]+:-[^}]+\}$/);
    const asked = new Set([...textOf('compose.yaml').matchAll(/\$\{([A-Z_]+):-/g)].map(([, name]) => name));
    const offered = [...textOf('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(new Set(offered)).toEqual(asked);
    expect(offered).toEqual(
      expect.arrayContaining([
        'POSTGRES_PASSWORD',
        'CLICKHOUSE_PASSWORD',
        'GRAFANA_PASSWORD',
        'JWT_SECRET',
        'API_SECRET_KEY',
      ]),
    );
  });

  it('leads the gateway to every public route, with a token where the catalog asks for one', () => {
    const config = parse(compose.services.gateway?.environment?.KONG_DECLARATIVE_CONFIG_STRING ?? '');
    const found = config.services.flatMap(
      (service: { url: string; routes: { paths: string[]; plugins: { name: string }[] }[] }) =>
        service.routes.map(({ paths, plugins }) => [
          `${service.url}${paths[0]}`,
          plugins.some(({ name }) => name === 'jwt'),
        ]),
    );
    const wanted = catalog.services
      .filter(({ released, workload }) => released && workload?.kind !== 'kong')
      .flatMap(({ id, ports, routes }) =>
        routes.map(({ path, port, auth }) => [
          `http://${id}:${ports.find(({ name }) => name === port)?.port}${path}`,
          auth === 'jwt',
        ]),
      );
    expect(found.sort()).toEqual(wanted.sort());
  });

  it('scrapes every service where it shows its metrics, and no two at one address', () => {
    const { scrape_configs } = parse(textOf('compose/prometheus.yaml'));
    const targets: string[] = scrape_configs.map(
      ({ static_configs }: { static_configs: { targets: string[] }[] }) => static_configs[0]?.targets[0],
    );
    expect(new Set(targets).size).toBe(targets.length);
    for (const [host] of targets.map((target) => target.split(':')))
      expect(compose.services).toHaveProperty([host ?? '']);
    expect(scrape_configs.map(({ job_name }: { job_name: string }) => job_name)).toEqual(
      expect.arrayContaining(['chain-sync', 'stream-processor', 'market-collector']),
    );
  });

  it('gives Grafana the dashboards of clusters', () => {
    const dashboards = files.filter(({ path }) => path.startsWith(`${composeFolder}/dashboards/`));
    expect(dashboards.length).toBeGreaterThan(5);
    for (const { path, text } of dashboards) expect(() => JSON.parse(text), path).not.toThrow();
  });

  it.skipIf(!hasCompose)(
    `is what Compose takes${hasCompose ? '' : ' (there is no docker compose here to ask)'}`,
    () => {
      const file = join(projectRoot, 'environments/local/compose.yaml');
      const { status, stderr } = spawnSync('docker', ['compose', '-f', file, 'config', '--quiet'], {
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );
});
