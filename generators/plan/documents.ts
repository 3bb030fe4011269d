import { parse } from 'yaml';
import { identityOf, type Manifest, toManifest } from '../emit/manifest.ts';
import { isMapping, jsonOf } from './edits.ts';
import { readEmitted } from './read-emitted.ts';

/** What stands in a file: an object of a cluster, or one text that is none. */
export interface FileDocument {
  readonly path: string;
  /** `Deployment.apps/analytics/chain-sync`; the file's name for what is no object. */
  readonly identity: string;
  readonly manifest: Manifest | undefined;
  /** Equal for documents that mean the same. */
  readonly meaning: string;
  /** As it is written, without the header of the file. */
  readonly text: string;
}

/** Reads the documents of a file. */
export type ReadDocuments = (path: string, text: string) => readonly FileDocument[];

/** Equal texts are parsed once: the same object stands in several environments, before and after. */
export function createDocumentReader(): ReadDocuments {
  const manifests = new Map<string, readonly Parsed[] | undefined>();
  return (path, text) => {
    if (!/\.ya?ml$/.test(path)) return [wholeFile(path, text)];
    if (!manifests.has(text)) manifests.set(text, parseManifests(text));
    const parsed = manifests.get(text);
    if (parsed === undefined) return [wholeFile(path, text)];
    return parsed.map((document) => ({ path, ...document }));
  };
}

type Parsed = Omit<FileDocument, 'path'>;

/** Undefined if one of the documents is no object of Kubernetes: the file is then compared as it is written. */
function parseManifests(text: string): Parsed[] | undefined {
  const parsed: Parsed[] = [];
  // In a document of ours nothing stands in the first column of a line but keys.
  for (const part of text.split(/^---\n/m)) {
    const value = readEmitted(part) ?? parseAny(part);
    if (!isMapping(value) || !isMapping(value.metadata) || typeof value.kind !== 'string') return undefined;
    if (typeof value.apiVersion !== 'string' || typeof value.metadata.name !== 'string') return undefined;
    const manifest = toManifest(value);
    parsed.push({
      identity: identityOf(manifest),
      manifest,
      meaning: jsonOf(manifest),
      text: part.replace(/^(?:#[^\n]*\n)+/, ''),
    });
  }
  return parsed;
}

/** YAML that somebody edited; undefined if it is none. */
function parseAny(text: string): unknown {
  try {
    return parse(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

function wholeFile(path: string, text: string): FileDocument {
  return { path, identity: path.split('/').at(-1) ?? path, manifest: undefined, meaning: text, text };
}
