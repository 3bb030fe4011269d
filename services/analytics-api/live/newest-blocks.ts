/** A block near the end of a chain. `text` is JSON without its braces. */
export interface NewestBlock {
  readonly number: number;
  readonly hash: string;
  readonly timestamp: number;
  readonly text: string;
}

/** The newest blocks of a canonical chain, one after the other, kept by its changes. */
export interface NewestBlocks {
  /** Ascending, without a hole. */
  readonly run: readonly NewestBlock[];
  append(block: NewestBlock): void;
  retract(block: { readonly number: number; readonly hash: string }): void;
  /** Takes the place of what is held. Ascending; of several runs the last one counts. */
  load(blocks: readonly NewestBlock[]): void;
}

export function createNewestBlocks(max: number): NewestBlocks {
  let run: NewestBlock[] = [];

  function append(block: NewestBlock): void {
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined || block.number > last.number + 1) run = [block];
    else if (block.number === last.number + 1) run.push(block);
    else if (block.number >= first.number) run[block.number - first.number] = block;
    // Blocks of the past come downwards.
    else if (block.number === first.number - 1 && run.length < max) run.unshift(block);
    if (run.length > max) run.shift();
  }

  return {
    get run() {
      return run;
    },
    append,
    retract: ({ number, hash }) => {
      const at = number - (run[0]?.number ?? number);
      if (run[at]?.hash !== hash) return;
      // What is left above a hole is the end of the chain; below the last one it is what comes before.
      if (at === run.length - 1) run.pop();
      else run.splice(0, at + 1);
    },
    load: (blocks) => {
      run = [];
      for (const block of blocks) append(block);
    },
  };
}
