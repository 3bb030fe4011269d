import type { JsonObject } from '../../emit/yaml.ts';
import { addressPlan } from '../../pools/address-plan.ts';
import type { ComponentContext } from '../component-context.ts';
import { resources } from '../resources.ts';
import { hetznerSecret } from './hetzner-secret.ts';

/** Source: chart/values.yaml of hetznercloud/hcloud-cloud-controller-manager. */
export function hcloudCloudControllerManagerValues({ region }: ComponentContext): JsonObject {
  const { name, token, network } = hetznerSecret;
  return {
    env: {
      HCLOUD_TOKEN: { valueFrom: { secretKeyRef: { name, key: token } } },
      ...(region === undefined ? {} : { HCLOUD_LOAD_BALANCERS_LOCATION: { value: region } }),
      // Load balancers reach the nodes on the private network: on the public one, nodes let nothing in.
      HCLOUD_LOAD_BALANCERS_USE_PRIVATE_IP: { value: 'true' },
    },
    networking: {
      enabled: true,
      clusterCIDR: addressPlan.hetzner.pods,
      network: { valueFrom: { secretKeyRef: { name, key: network } } },
    },
    resources: resources('20m', '64Mi', { cpu: '200m', memory: '128Mi' }),
    monitoring: { enabled: true, podMonitor: { enabled: true } },
  };
}
