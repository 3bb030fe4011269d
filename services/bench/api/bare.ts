import { readFileSync } from 'node:fs';
import { fastify } from 'fastify';
import type { RunContext, Work } from '../bench.ts';
import type { ApiInput, Captured } from './input.ts';
import { underLoad } from './under-load.ts';

/** A bare Fastify that has the bytes of every answer already. A range it does not know gets the answer of another one. */
export async function open(context: RunContext): Promise<Work> {
  const { captured } = context.input as ApiInput;
  const answers = JSON.parse(readFileSync(captured, 'utf8')) as Captured[];
  const byPath = new Map(answers.map((answer) => [answer.path, answer]));
  const [any] = answers;
  const app = fastify({ logger: false });
  app.get('/api/v1/l2/*', (request, reply) => {
    const answer = byPath.get(request.url) ?? any;
    if (answer === undefined) return reply.code(404).send();
    reply.header('etag', answer.etag);
    if (request.headers['if-none-match'] === answer.etag) return reply.code(304).send();
    return reply.header('content-type', 'application/json; charset=utf-8').send(answer.body);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return underLoad(context, url, () => app.close());
}
