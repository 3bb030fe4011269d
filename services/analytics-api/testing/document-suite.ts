import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { type Operation, openApp } from './platform.ts';

/** The OpenAPI document, and the way to it. */
export function documentSuite(): void {
  describe('the document', () => {
    it('is whole: every reference resolves, every path parameter is there, every schema compiles, ids are unique', async () => {
      const app = await openApp();
      const document = (await app.inject('/openapi.json')).json();
      const ajv = documentAjv(document);
      const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
      );
      expect(Object.keys(document.paths).filter((path) => !path.startsWith('/api/v1/analytics/'))).toEqual([
        '/api/v1/l2/networks',
        '/api/v1/l2/networks/{network}',
        '/api/v1/l2/networks/{network}/stats',
        '/api/v1/l2/networks/{network}/blocks',
        '/api/v1/l2/networks/{network}/blocks/{number}',
        '/api/v1/l2/networks/{network}/txs',
        '/api/v1/l2/networks/{network}/txs/{hash}',
        '/api/v1/l2/networks/{network}/reorgs',
        '/api/v1/health',
        '/api/v1/health/networks',
        '/metrics',
      ]);
      expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
      for (const { path, operation } of operations) {
        const inPath = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => `{${name}}`);
        expect(path.match(/\{[^}]+\}/g) ?? []).toEqual(inPath);
        expect(operation.summary).toEqual(expect.any(String));
        // Every path refuses parameters that it does not know.
        expect({ path, documented: Object.keys(operation.responses) }).toEqual({
          path,
          documented: expect.arrayContaining(['200', '400']),
        });
        for (const { content } of Object.values(operation.responses)) {
          for (const { schema } of Object.values(content)) expect(() => ajv.compile(schema)).not.toThrow();
        }
      }
      const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
      const known = Object.keys(document.components.schemas).map((name) => `"$ref":"#/components/schemas/${name}"`);
      expect(references.filter((reference) => !known.includes(reference))).toEqual([]);
      expect(references.length).toBeGreaterThan(10);
    });

    it('describes every field', async () => {
      const app = await openApp();
      const document = (await app.inject('/openapi.json')).json();
      expect(fieldsWithout('description', document.components.schemas)).toEqual([]);
    });
  });

  describe('GET /', () => {
    it('leads to the documentation', async () => {
      const app = await openApp();
      const answer = await app.inject('/');
      expect([answer.statusCode, answer.headers.location]).toEqual([302, '/docs']);
    });
  });
}

function documentAjv(document: { components: object }): Ajv2020 {
  const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true }));
  ajv.addKeyword('components');
  // Schemas refer into the document, `#/components/…`, which is its own root to them.
  const compile = ajv.compile.bind(ajv);
  return Object.assign(ajv, { compile: (schema: object) => compile({ ...schema, components: document.components }) });
}

function fieldsWithout(keyword: string, schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === 'properties') {
      return Object.entries<object>(value).flatMap(([name, field]) => [
        ...(keyword in field || '$ref' in field || 'properties' in field ? [] : [`${path}/${name}`]),
        ...fieldsWithout(keyword, field, `${path}/${name}`),
      ]);
    }
    return fieldsWithout(keyword, value, `${path}/${key}`);
  });
}
