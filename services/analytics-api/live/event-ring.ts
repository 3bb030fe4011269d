/** A change of a chain, ready to be told. */
export interface RingEvent {
  readonly seq: number;
  /** Of the change before it: whoever has that, or any later one below `seq`, has all that came before. */
  readonly previousSeq: number;
  readonly type: 'block' | 'retracted' | 'finalized';
  readonly number: number;
  /** Undefined of a finality. */
  readonly hash: string | undefined;
  /** Unix seconds; 0 of a finality. */
  readonly timestamp: number;
  /** What it says of its block, without the two seqs: JSON without its braces. */
  readonly text: string;
}

/** All that is told of a change. JSON without its braces. */
export function eventText({ seq, previousSeq, text }: RingEvent): string {
  return `"chainSeq":${seq},"previousChainSeq":${previousSeq},${text}`;
}

export interface RingLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** The newest changes of one network, without a hole. */
export interface EventRing {
  /** All changes above it are held; undefined while nothing is known of what came before. */
  readonly floor: number | undefined;
  readonly bytes: number;
  readonly size: number;
  /** Says that all changes above `seq` are held, or will come. */
  reach(seq: number): void;
  push(event: RingEvent): void;
  /** The changes above `seq`, oldest first; undefined when some of them may be gone. */
  after(seq: number): readonly RingEvent[] | undefined;
  trim(limits: RingLimits): void;
}

/** What an event costs besides its text: an object, and its place. */
const eventBytes = 200;

export function createEventRing(): EventRing {
  const events: RingEvent[] = [];
  let bytes = 0;
  let floor: number | undefined;
  return {
    get floor() {
      return floor;
    },
    get bytes() {
      return bytes;
    },
    get size() {
      return events.length;
    },
    reach: (seq) => {
      floor ??= seq;
    },
    push: (event) => {
      if (floor === undefined || (events.length === 0 && event.seq <= floor)) floor = event.seq - 1;
      events.push(event);
      bytes += event.text.length + eventBytes;
    },
    after: (seq) => {
      if (floor === undefined || seq < floor) return undefined;
      // Nearly always asked for by who has all but the last ones.
      return events.slice(events.findLastIndex((event) => event.seq <= seq) + 1);
    },
    trim: ({ eventsMax, bytesMax }) => {
      while (events.length > eventsMax || bytes > bytesMax) {
        const event = events.shift();
        if (event === undefined) return;
        bytes -= event.text.length + eventBytes;
        floor = event.seq;
      }
    },
  };
}
