import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../catalog/load.ts';
import { shardsOf } from '../catalog/shards.ts';
import { renderSlice, sliceOf } from '../catalog/slice.ts';

// The program as a pod starts it: a slice and an environment in one mounted folder, addresses in variables.

const root = join(import.meta.dirname, '..');
const addresses = {
  DATABASE_URL: 'postgres://u:p@postgresql-rw:5432/defimon',
  KAFKA_BROKERS: 'kafka-kafka-bootstrap:9092',
};

let dir: string;
let config: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'defimon-pod-'));
  config = join(dir, 'config');
  await mkdir(config);
  const catalog = loadCatalog(join(root, 'catalog'));
  const [critical] = shardsOf({ shards: { of: 'networks', size: 50 } }, catalog);
  await writeFile(join(config, 'slice.json'), renderSlice(sliceOf(catalog, 'chain-sync', critical)));
  await cp(join(root, 'environments', 'staging', 'environment.yaml'), join(config, 'environment.yaml'));
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('npm start in a pod', () => {
  it('runs by the mounted slice and environment, whatever folder they are in', async () => {
    const { code, output } = await start(['--check'], addresses);

    expect(output).toBe('configuration of environment staging is good: chain-sync, chain-relay\n');
    expect(code).toBe(0);
  });

  it('takes settings from that file, and none from the one in the image', async () => {
    const { output } = await start(['--print-config'], addresses);

    expect(JSON.parse(output)).toMatchObject({
      environment: 'staging',
      environmentFile: join(config, 'environment.yaml'),
      live: true,
      sync: { intervalSeconds: 12, batchSize: 100, maxConcurrentRequests: 20, priorityThreshold: 6 },
      stores: { relational: { kind: 'networked', address: '********' } },
    });
  });

  it('leaves with 1 and says which address is missing', async () => {
    const { code, output } = await start(['--check'], {});

    expect(code).toBe(1);
    expect(output).toContain('DATABASE_URL is not set');
  });

  it('leaves with 1 and says where the environment is wrong', async () => {
    const wrong = join(dir, 'wrong.yaml');
    await writeFile(wrong, 'name: staging\ndomian: x\n');
    const { code, output } = await start(['--check'], addresses, wrong);

    expect(code).toBe(1);
    expect(output).toMatch(/wrong\.yaml:2:1 CAT011 .*domian/);
  });
});

function start(flags: readonly string[], env: Record<string, string>, environment = join(config, 'environment.yaml')) {
  const args = [
    join(root, 'services', 'main.ts'),
    '--target=chain-sync',
    `--environment-file=${environment}`,
    `--catalog=${join(config, 'slice.json')}`,
    '--host=0.0.0.0',
    `--data-dir=${join(dir, 'data')}`,
    ...flags,
  ];
  return new Promise<{ code: number; output: string }>((resolve) => {
    // Nothing of this machine's variables but the path: a pod has none of them.
    execFile(process.execPath, args, { cwd: dir, env: { PATH: process.env.PATH, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}
