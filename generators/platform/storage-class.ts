import { KubeStorageClass } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Provider } from '../../catalog/schema/machine.ts';
import { metadataOf } from '../app.ts';
import { storageClass } from '../conventions.ts';

interface Disk {
  readonly provisioner: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The network disks of each provider, encrypted where the provider does not do so anyway. */
const disks: Readonly<Record<Exclude<Provider, 'undecided'>, Disk>> = {
  aws: { provisioner: 'ebs.csi.aws.com', parameters: { type: 'gp3', encrypted: 'true' } },
  digitalocean: { provisioner: 'dobs.csi.digitalocean.com' },
  gcp: { provisioner: 'pd.csi.storage.gke.io', parameters: { type: 'pd-ssd' } },
  hetzner: { provisioner: 'csi.hetzner.cloud' },
};

/** The one class of every volume of ours. Undefined while the provider is undecided: its disks are not known. */
export function renderStorageClass(provider: Provider, sources: readonly string[]): object | undefined {
  if (provider === 'undecided') return undefined;
  return KubeStorageClass.manifest({
    // A class cannot be changed, only made anew; claims name it for ever.
    metadata: metadataOf({ name: storageClass, wave: 'namespace', sources, syncOptions: ['Prune=confirm'] }),
    ...disks[provider],
    reclaimPolicy: 'Retain',
    allowVolumeExpansion: true,
    // The disk is made where its pod can run: disks do not leave their zone.
    volumeBindingMode: 'WaitForFirstConsumer',
  });
}
