import type { ResourceAmounts, Resources } from '../../catalog/schema/common.ts';

/** CPU and memory of a container of a chart: what it asks for, and what it may take at most. */
export function resources(cpu: string, memory: string, limits: ResourceAmounts): Required<Resources> {
  return { requests: { cpu, memory }, limits };
}

/** The smallest containers, beside the one that does the work. */
export const sidecarResources = resources('5m', '16Mi', { cpu: '100m', memory: '64Mi' });
