import { storageClass } from '../conventions.ts';
import type { JsonObject } from '../emit/yaml.ts';

/** A claim of a chart's pods on a disk that stays when they go. */
export function volumeClaim(sizeGB: number): JsonObject {
  return {
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      resources: { requests: { storage: `${sizeGB}G` } },
    },
  };
}
