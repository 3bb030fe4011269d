import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpApp } from '../runtime/http.ts';
import { openApp, writeFiles } from './admin-fixture.ts';
import { addPages } from './pages.ts';

const page = '<!doctype html><title>Defimon</title>';
const script = 'console.log(1)';

describe(addPages.name, () => {
  let app: HttpApp;
  let files: Awaited<ReturnType<typeof writeFiles>>;
  beforeAll(async () => {
    files = await writeFiles({
      'index.html': page,
      'assets/index-abc.js': script,
      'assets/index-abc.js.gz': gzipSync(script),
      'assets/index-abc.js.br': brotliCompressSync(script),
      'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    });
    app = await openApp({ pagesFolder: files.folder });
  });
  afterAll(async () => {
    await app.close();
    await files.remove();
  });

  it('leads to the page, which is asked for each time and may run nothing but its own files', async () => {
    expect((await app.inject('/')).headers.location).toBe('/admin/');
    for (const url of ['/admin', '/admin/', '/admin/networks/base', '/admin/catalog/topic/chain.blocks']) {
      const { statusCode, headers, body } = await app.inject(url);
      expect([statusCode, headers['cache-control'], body], url).toEqual([200, 'no-cache', page]);
      expect(headers['content-type']).toMatch(/^text\/html/);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(headers['content-security-policy']).toMatch(/connect-src 'self'.*frame-ancestors 'none'$/);
      expect(headers['content-security-policy']).not.toMatch(/unsafe|data:;.*script/);
    }
  });

  it('lets hashed files be kept for good, and sends them as compressed as the caller takes them', async () => {
    const { headers, body } = await app.inject('/admin/assets/index-abc.js');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(body).toBe(script);
    for (const [encoding, shown] of [
      ['gzip', 'gzip'],
      ['gzip, deflate, br', 'br'],
    ]) {
      const packed = await app.inject({ url: '/admin/assets/index-abc.js', headers: { 'accept-encoding': encoding } });
      expect(packed.headers['content-encoding']).toBe(shown);
      expect(packed.headers['content-type']).toMatch(/javascript/);
      expect(packed.headers.vary).toMatch(/accept-encoding/i);
    }
    expect((await app.inject('/admin/icon.svg')).headers['cache-control']).toBe('no-cache');
  });

  it('answers nothing for a file of another build, for what is outside, and for paths of the API that are none', async () => {
    for (const url of ['/admin/assets/index-old.js', '/admin/api/nonsense', '/admin/api', '/elsewhere']) {
      const { statusCode, headers } = await app.inject(url);
      expect([statusCode, headers['content-type']], url).toEqual([
        404,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
    }
    for (const url of [
      '/admin/..%2f..%2fpackage.json',
      '/admin/%2e%2e/package.json',
      '/admin/assets/%2e%2e%2f%2e%2e%2fetc',
    ]) {
      const { body } = await app.inject(url);
      expect(body, url).not.toContain('dependencies');
    }
  });

  it('takes no method that would change something, wherever it leads', async () => {
    for (const url of ['/admin/', '/admin/api/catalog', '/admin/api/analytics/api/v1/health']) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'] as const) {
        const { statusCode, headers } = await app.inject({ method, url });
        expect([statusCode, headers.allow], `${method} ${url}`).toEqual([405, 'GET, HEAD']);
      }
      expect((await app.inject({ method: 'HEAD', url })).statusCode).not.toBe(405);
    }
  });

  it('says how to build the pages where that was not done, to people and to programs', async () => {
    const bare = await openApp();
    const shown = await bare.inject({ url: '/admin/', headers: { accept: 'text/html' } });
    expect(shown.statusCode).toBe(503);
    expect(shown.body).toContain('npm run build');
    const told = await bare.inject('/admin/networks');
    expect(told.json()).toMatchObject({ status: 503, detail: expect.stringContaining('npm run build') });
    expect((await bare.inject('/admin/api/environment')).statusCode).toBe(200);
    await bare.close();
  });
});
