import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Manifest } from '../emit/manifest.ts';
import { projectRoot } from './project.ts';

/**
 * Where the strict JSON Schemas of Kubernetes 1.28 and of the custom resources are kept: beside the project, since they
 * are a hundred times its size. Their INDEX.json says which file is whose.
 */
const folder = join(projectRoot, '..', 'shared', 'schemas');

interface SchemaEntry {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
  readonly file: string;
}

/** Why nothing can be validated here; undefined when it can. */
export function whyUnavailable(): string | undefined {
  if (existsSync(join(folder, 'INDEX.json'))) return undefined;
  return `no strict schemas in ${folder}`;
}

/** All errors of an object against its strict schema, unknown fields among them. A kind without a schema is an error. */
export function createStrictValidator(): (manifest: Manifest) => string[] {
  const files = new Map(readIndex().map(({ group, version, kind, file }) => [`${group}/${version} ${kind}`, file]));
  // The patterns are Go's, some of which are none in JavaScript's unicode mode. Most schemas are asked a few times: what makes their
  // code faster takes longer than it saves.
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    validateFormats: false,
    validateSchema: false,
    unicodeRegExp: false,
    code: { optimize: false },
    logger: false,
  });
  const compiled = new Map<string, ValidateFunction>();
  return (manifest) => {
    const { apiVersion, kind } = manifest;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const file = files.get(`${group}/${version} ${kind.toLowerCase()}`);
    if (file === undefined) return [`${apiVersion} ${kind} has no schema in ${folder}`];
    let validate = compiled.get(file);
    if (validate === undefined) {
      // Its $schema names no draft that ajv knows.
      const { $schema: _, ...schema } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      validate = ajv.compile(schema);
      compiled.set(file, validate);
    }
    if (validate(manifest)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    );
  };
}

function readIndex(): readonly SchemaEntry[] {
  const index: unknown = JSON.parse(readFileSync(join(folder, 'INDEX.json'), 'utf8'));
  const schemas: unknown = typeof index === 'object' && index !== null && 'schemas' in index ? index.schemas : [];
  return Array.isArray(schemas) ? schemas : [];
}
