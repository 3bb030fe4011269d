import { suggest } from '../nearest.ts';
import { at, type Rule } from '../rule.ts';
import type { CatalogView } from '../view.ts';

/** Whether services of a pool come to the bus of another: it is the same pool, or borrows it. */
function reachesBusOf(view: CatalogView, pool: string, owner: string): boolean {
  if (pool === owner) return true;
  const { borrows = [] } = view.find('pool', pool)?.value ?? {};
  return borrows.some(({ kind, from }) => kind === 'bus' && from === owner);
}

/** What a service reads, by what its shards are of. */
const shardedKinds = ['networks', 'pairs'] as const;

export const topicRules: readonly Rule[] = [
  {
    code: 'CAT101',
    rule: "a topic's pool exists, and provides a bus",
    why: 'there would be nothing to carry it',
    *check(view) {
      for (const entry of view.of('topic')) {
        const { pool } = entry.value;
        const found = view.find('pool', pool)?.value;
        if (found === undefined) {
          if (view.isKnown('pool', pool)) continue;
          yield at(entry, ['pool'], `unknown pool "${pool}"`, suggest(pool, view.ids('pool')));
        } else if (!found.stores.some(({ kind }) => kind === 'bus')) {
          const fix = `add a bus to catalog/pools/${pool}.yaml, or name the pool that has one`;
          yield at(entry, ['pool'], `pool "${pool}" provides no bus`, fix);
        }
      }
    },
  },
  {
    code: 'CAT102',
    rule: 'who writes or reads a topic needs the bus, is told of it, and is in its pool or one that borrows its bus',
    why: 'its user and rights at the bus, and its way to it, are made from this table',
    *check(view) {
      for (const entry of view.of('topic')) {
        for (const list of ['producers', 'consumers'] as const) {
          for (const [index, id] of entry.value[list].entries()) {
            const path = [list, index];
            const service = view.find('service', id)?.value;
            if (service === undefined) {
              if (view.isKnown('service', id)) continue;
              yield at(entry, path, `unknown service "${id}"`, suggest(id, view.ids('service')));
            } else if (!reachesBusOf(view, service.pool, entry.value.pool)) {
              const { pool } = entry.value;
              const message = `"${id}" is in pool "${service.pool}", which has not the bus of pool "${pool}" that carries this`;
              const fix = `name a service of pool "${pool}", or add "{ kind: bus, from: ${pool} }" to borrows in catalog/pools/${service.pool}.yaml`;
              yield at(entry, path, message, fix);
            } else if (!service.needs.includes('bus')) {
              const fix = `add bus to its needs in catalog/services/${id}.yaml, or take it out here`;
              yield at(entry, path, `"${id}" does not need the bus`, fix);
            } else if (!service.reads.includes('topics')) {
              const message = `"${id}" is not told of its topics: its pods would know none`;
              yield at(entry, path, message, `add topics to reads in catalog/services/${id}.yaml`);
            }
          }
        }
      }
    },
  },
  {
    code: 'CAT103',
    rule: 'a topic says how long a record stays, unless the last one of each key stays for ever',
    why: "Kafka's own week is nobody's decision, and with compact it would mean nothing",
    *check(view) {
      for (const entry of view.of('topic')) {
        const { id, cleanup, retentionHours } = entry.value;
        if (cleanup === 'delete' && retentionHours === undefined) {
          yield at(entry, ['cleanup'], `topic "${id}" does not say how long a record stays`, 'add retentionHours');
        } else if (cleanup === 'compact' && retentionHours !== undefined) {
          const message = `topic "${id}" keeps the last record of each key for ever`;
          yield at(entry, ['retentionHours'], message, 'remove retentionHours, or set "cleanup: delete"');
        }
      }
    },
  },
  {
    code: 'CAT104',
    rule: "a service that scales by its lag reads a topic of its own pool's bus",
    why: 'there would be nothing to be behind of, or nobody to ask: the autoscaler does not leave its cluster',
    *check(view) {
      for (const entry of view.of('service')) {
        if (entry.value.scaling.targetLag === undefined) continue;
        const topics = view.of('topic').filter(({ value }) => value.consumers.includes(entry.id));
        const foreign = topics.find(({ value }) => value.pool !== entry.value.pool);
        if (topics.length > 0 && foreign === undefined) continue;
        const [message, fix] =
          foreign === undefined
            ? [`"${entry.id}" reads no topic`, 'name it under consumers in catalog/topics.yaml, or remove targetLag']
            : [`"${entry.id}" reads "${foreign.id}" of a borrowed bus`, 'remove targetLag, and scale it by CPU'];
        yield at(entry, ['scaling', 'targetLag'], message, fix);
      }
    },
  },
  {
    code: 'CAT105',
    rule: 'a service that keeps a disk for each replica says how large it is',
    why: 'a StatefulSet without a volume is a slow Deployment',
    *check(view) {
      for (const entry of view.of('service')) {
        const { workload, volume } = entry.value;
        if (workload?.kind !== 'statefulset' || volume !== undefined) continue;
        const fix = 'add "volume:", or run it as a deployment';
        yield at(entry, ['workload', 'kind'], `"${entry.id}" is a StatefulSet without a volume`, fix);
      }
    },
  },
  {
    code: 'CAT106',
    rule: 'a service is split by something that it reads',
    why: 'each shard is given its part of the slice, and there would be none',
    *check(view) {
      for (const entry of view.of('service')) {
        const { shards, reads } = entry.value;
        if (shards === undefined || reads.includes(shards.of)) continue;
        const fix = `add ${shards.of} to reads, or split it by ${shardedKinds.filter((kind) => reads.includes(kind)).join(' or ') || 'nothing'}`;
        yield at(entry, ['shards', 'of'], `"${entry.id}" is split by ${shards.of}, which it does not read`, fix);
      }
    },
  },
  {
    code: 'CAT107',
    rule: 'a pool that keeps data on its own disks says how long its backups stay',
    why: 'without it nothing is backed up, and nobody is told',
    *check(view) {
      for (const entry of view.of('pool')) {
        const { id, backups, stores, workloads = [] } = entry.value;
        const own = stores.find(({ managed }) => !managed)?.engine;
        const workload = workloads.find(({ storageGB }) => storageGB !== undefined)?.id;
        const service = view.of('service').find(({ value }) => value.pool === id && value.volume !== undefined)?.id;
        const keeper = own ?? workload ?? service;
        if (backups !== undefined || keeper === undefined) continue;
        const fix = 'add "backups: { dailyRetentionDays: 14, weeklyRetentionDays: 90 }"';
        yield at(entry, ['id'], `pool "${id}" keeps what ${keeper} has, and says nothing of backups`, fix);
      }
    },
  },
];
