import type { BlockAppended, ChainEvent } from '../../datasets/chain/changes.ts';
import type { BlockStamp } from '../../datasets/chain/read.ts';
import type { ChainEnd } from './chain-reads.ts';
import { createEventRing, type EventRing, type RingEvent } from './event-ring.ts';
import { createNewestBlocks, type NewestBlock } from './newest-blocks.ts';
import { createPace } from './pace.ts';
import { blockText, finalizedText, gasText, noteOf, retractedText } from './texts.ts';

/** How many blocks a fresh start shows. */
export const newestBlocksMax = 20;

export interface Taken {
  readonly event: RingEvent;
  /** It is a block that ends the chain now. */
  readonly isNewest: boolean;
  /** It is a block near the end of the chain, not one of the past that is filled in. */
  readonly isRecent: boolean;
}

/** A network as its changes tell it. */
export interface LiveNetwork {
  readonly ring: EventRing;
  /** The last change that came from the bus; undefined before the first. */
  readonly seq: number | undefined;
  /** Of the store and the bus, the last change of which anything is known here. */
  readonly knownSeq: number;
  readonly finalized: number | null;
  readonly newest: NewestBlock | undefined;
  /** The fees of the newest block; undefined before one came. JSON without its braces. */
  readonly gas: string | undefined;
  readonly tps: number | null;
  /** Whether `snapshot` can be told: the chain's end was read, and is still known. */
  readonly isLoaded: boolean;
  /** Takes a change; undefined when it came before. */
  take(event: ChainEvent): Taken | undefined;
  /** What the store says is the newest block, for as long as nothing better is known. */
  seed(block: BlockStamp): void;
  load(end: Omit<ChainEnd, 'network'>): void;
  /** A change is missing: what is held leads nowhere. */
  breakOff(): void;
  /** The newest blocks, and the change that they are of. `text` is JSON without its braces. */
  snapshot(): { readonly seq: number; readonly text: string };
}

export function createLiveNetwork(): LiveNetwork {
  let ring = createEventRing();
  let seq: number | undefined;
  let loadedSeq = 0;
  /** The change that `newest` is of. */
  let shownSeq = 0;
  let isLoaded = false;
  let finalized: number | null = null;
  let gas: string | undefined;
  let shown: { readonly seq: number; readonly text: string } | undefined;
  const newest = createNewestBlocks(newestBlocksMax);
  const pace = createPace();

  function show({ seq: at, type, number, hash = '', timestamp, text }: RingEvent): void {
    if (at <= shownSeq) return;
    shownSeq = at;
    if (type === 'finalized') finalized = number;
    else if (type === 'block') newest.append({ number, hash, timestamp, text });
    else {
      newest.retract({ number, hash });
      if (newest.run.length === 0) isLoaded = false;
    }
  }

  function ringEventOf(event: ChainEvent): RingEvent {
    const { floor } = ring;
    const previousSeq = seq ?? (floor !== undefined && floor < event.seq ? floor : event.seq - 1);
    const place = { seq: event.seq, previousSeq, number: event.number };
    switch (event.kind) {
      case 'appended':
        return {
          ...place,
          type: 'block',
          hash: event.hash,
          timestamp: event.timestamp,
          text: blockText(noteOf(event)),
        };
      case 'retracted':
        return {
          ...place,
          type: 'retracted',
          hash: event.hash,
          timestamp: event.timestamp,
          text: retractedText(event),
        };
      case 'finalized':
        return { ...place, type: 'finalized', hash: undefined, timestamp: 0, text: finalizedText(event) };
    }
  }

  function noteNewest(event: BlockAppended): void {
    gas = gasText(event);
    pace.add(event.timestamp, event.txs.length);
  }

  return {
    get ring() {
      return ring;
    },
    get seq() {
      return seq;
    },
    get knownSeq() {
      return Math.max(seq ?? 0, loadedSeq, ring.floor ?? 0);
    },
    get finalized() {
      return finalized;
    },
    get newest() {
      return newest.run.at(-1);
    },
    get gas() {
      return gas;
    },
    get tps() {
      return pace.tps();
    },
    get isLoaded() {
      return isLoaded;
    },
    take: (event) => {
      if (seq !== undefined && event.seq <= seq) return undefined;
      const told = ringEventOf(event);
      ring.push(told);
      seq = event.seq;
      show(told);
      const end = newest.run.at(-1);
      const isRecent = event.kind === 'appended' && event.number > (end?.number ?? 0) - newestBlocksMax;
      const isNewest = event.kind === 'appended' && end?.hash === event.hash;
      if (event.kind === 'appended' && isNewest) noteNewest(event);
      if (event.kind === 'retracted') pace.remove(event.timestamp, event.txCount);
      return { event: told, isNewest, isRecent };
    },
    seed: (block) => {
      if (!isLoaded && block.number > (newest.run.at(-1)?.number ?? -1)) newest.append({ ...block, text: '' });
    },
    load: (end) => {
      loadedSeq = end.seq;
      // Changes that came meanwhile and are gone again: what was read is too old.
      const since = ring.floor === undefined ? [] : ring.after(end.seq);
      if (since === undefined) return;
      ring.reach(end.seq);
      newest.load(end.blocks.map((note) => ({ ...note, text: blockText(note) })));
      shownSeq = end.seq;
      shown = undefined;
      finalized = end.finalized;
      isLoaded = true;
      for (const event of since) show(event);
    },
    breakOff: () => {
      ring = createEventRing();
      isLoaded = false;
    },
    snapshot: () => {
      if (shown?.seq === shownSeq) return shown;
      const blocks = newest.run.map(({ text }) => `{${text}}`).join(',');
      shown = { seq: shownSeq, text: `"chainSeq":${shownSeq},"finalized":${finalized},"blocks":[${blocks}]` };
      return shown;
    },
  };
}
