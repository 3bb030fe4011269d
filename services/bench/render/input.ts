import type { Json } from '../../../generators/emit/yaml.ts';

/** What every subject of the render bench gets. */
export interface RenderInput {
  /** A project of its own: catalog/ and environments/, with nothing rendered yet. */
  readonly root: string;
  /** A JSON file, `readonly Folder[]`: the objects that a render of it gives. */
  readonly objectsFile: string;
  /** The file, below `root`, of which one pair is edited. */
  readonly pairFile: string;
}

/** The objects of one folder of the tree: of one app on one cluster, or of Argo CD's own. */
export interface Folder {
  readonly path: string;
  readonly objects: readonly KubernetesObject[];
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [key: string]: Json | undefined;
}
