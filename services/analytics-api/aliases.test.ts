import { pino } from 'pino';
import { Registry } from 'prom-client';
import Type from 'typebox';
import { afterEach, describe, expect, it } from 'vitest';
import type { Network } from '../../catalog/schema/network.ts';
import { createHttpApp, type HttpApp } from '../runtime/http.ts';
import { liveCatalogOf } from '../runtime/testing/live-catalog.ts';
import { originalIdOf, resolveAliases } from './aliases.ts';
import { networkOf } from './live/live-fixtures.ts';

const networks: readonly Network[] = [
  networkOf('base'),
  networkOf('linea'),
  networkOf('old_linea', { aliasOf: 'linea' }),
];
const apps: HttpApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe(originalIdOf, () => {
  it('is the network that an alias stands for, and what was given for all else', () => {
    expect(['base', 'linea', 'old_linea', 'unheard'].map((id) => originalIdOf({ networks }, id))).toEqual([
      'base',
      'linea',
      'linea',
      'unheard',
    ]);
  });
});

describe(resolveAliases, () => {
  it.each([
    ['/of/old_linea', { network: 'linea' }, '/of/linea'],
    ['/of/old%5Flinea/7?limit=1', { network: 'linea', limit: '1' }, '/of/linea/7?limit=1'],
    ['/all?networks=old_linea&limit=1', { networks: 'linea', limit: '1' }, '/all?networks=linea&limit=1'],
    [
      '/all?limit=1&networks=base,old_linea',
      { networks: 'base,linea', limit: '1' },
      '/all?limit=1&networks=base,linea',
    ],
    ['/all?networks=linea%2Cold_linea,base', { networks: 'linea,base' }, '/all?networks=linea,base'],
    [
      '/all?network=old_linea&networks=base',
      { network: 'linea', networks: 'base' },
      '/all?network=linea&networks=base',
    ],
    [
      '/all?networks=old_linea,a%3Eb&limit=%3C',
      { networks: 'linea,a>b', limit: '<' },
      '/all?networks=linea,a%3Eb&limit=%3C',
    ],
    ['/of/old_linea/>;?limit=<', { network: 'linea', limit: '<' }, '/of/linea/%3E;?limit=%3C'],
  ])('asks %s of the network itself, and says where that is', async (url, seen, canonical) => {
    const answer = await (await openApp()).inject(url);
    expect(answer.json()).toMatchObject(seen);
    expect(answer.headers.link).toBe(`<${canonical}>; rel="canonical"`);
  });

  it.each(['/of/linea', '/of/unheard', '/all?networks=base,linea,base', '/all?limit=old_linea', '/all'])(
    'leaves %s as it is',
    async (url) => {
      const answer = await (await openApp()).inject(url);
      expect(answer.headers.link).toBeUndefined();
      const query = Object.fromEntries(new URL(url, 'http://localhost').searchParams);
      expect(answer.json()).toMatchObject(query);
    },
  );
});

async function openApp(): Promise<HttpApp> {
  const app = await createHttpApp({ service: 'test', log: pino({ level: 'silent' }), metrics: new Registry() });
  resolveAliases(app, liveCatalogOf({ networks }));
  const text = Type.Optional(Type.String());
  const querystring = Type.Object({ network: text, networks: text, limit: text });
  const paths = {
    '/of/:network': { network: Type.String() },
    '/of/:network/:at': { network: Type.String(), at: Type.String() },
    '/all': {},
  };
  for (const [path, params] of Object.entries(paths)) {
    app.get(path, { schema: { querystring, params: Type.Object(params) } }, async ({ params: ofPath, query }) => ({
      ...Object(query),
      ...Object(ofPath),
    }));
  }
  apps.push(app);
  return app;
}
