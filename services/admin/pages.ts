import { stat } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { HttpApp } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';

/** Only the pages' own files, and no code or style but in them. The WebSocket is of the same origin. */
const pagesCsp = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "manifest-src 'self'"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** The build writes a hash of their content into the names of what is in here. */
const hashedFolder = 'assets/';
const year = 'public, max-age=31536000, immutable';

/**
 * Serves the built pages under /admin/: files as they are (or as the build has compressed them), and for every other path the
 * one page, which finds out by itself what to show. `/` leads there.
 */
export async function addPages(app: HttpApp, folder: string): Promise<void> {
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true, cacheControl: false });

  async function send(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
    if (path === 'api' || path.startsWith('api/')) return notFound(reply);
    reply.header('content-security-policy', pagesCsp);
    if (await isFile(folder, path)) {
      reply.header('cache-control', path.startsWith(hashedFolder) ? year : 'no-cache');
      return reply.sendFile(path);
    }
    // Of another build: a page in place of a script would be a riddle.
    if (path.startsWith(hashedFolder)) return notFound(reply);
    if (!(await isFile(folder, 'index.html'))) return sendNotBuilt(request, reply);
    return reply.header('cache-control', 'no-cache').sendFile('index.html');
  }

  const hidden = { schema: { hide: true } };
  app.get('/', hidden, (_request, reply) => reply.redirect('/admin/'));
  app.get('/admin/', hidden, (request, reply) => send(request, reply, ''));
  app.get('/admin/*', { schema: { hide: true, params: Type.Object({ '*': Type.String() }) } }, (request, reply) =>
    send(request, reply, request.params['*']),
  );
}

function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

async function isFile(folder: string, path: string): Promise<boolean> {
  const at = normalize(join(folder, path));
  if (path === '' || !at.startsWith(`${folder}${sep}`) || path.includes('\0')) return false;
  return (await stat(at).catch(() => undefined))?.isFile() === true;
}

function sendNotBuilt(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const detail = 'The pages are not built: run "npm run build", then reload.';
  if (request.headers.accept?.includes('text/html') !== true) {
    throw new ProblemError({ status: 503, code: 'pages-not-built', title: 'The pages are not built', detail });
  }
  return reply
    .code(503)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><title>Defimon</title><h1>The pages are not built</h1><p>Run <code>npm run build</code>, then reload. The data is at <a href="/admin/api/environment">/admin/api</a>.</p></html>`,
    );
}
