import { describeError } from '../../runtime/errors.ts';
import type { BookSendingDeps } from './book-sending.ts';
import { headOf, type Resume, type Subscription } from './subscription.ts';

/** Leads books of one connection from where its client was to where they are, one after the other: each costs queries of its own. */
export interface BookResumes {
  begin(subscription: Subscription, fromUpdateId: number): void;
  end(subscription: Subscription): void;
}

/** `giveUp` is called when the diffs do not lead to the book that is held. */
export function createBookResumes(
  deps: BookSendingDeps & { readonly giveUp: (subscription: Subscription) => void },
): BookResumes {
  const { live, sender, log } = deps;
  /** In the order in which they were asked for. */
  const resuming = new Set<Resume>();
  let isRunning = false;

  async function runAll(): Promise<void> {
    isRunning = true;
    for (const each of resuming) {
      await run(each);
      resuming.delete(each);
    }
    isRunning = false;
  }

  function end(subscription: Subscription): void {
    if (subscription.resume !== undefined) resuming.delete(subscription.resume);
    subscription.resume = undefined;
  }

  async function run(wanted: Resume): Promise<void> {
    const { subscription, fromUpdateId } = wanted;
    const { symbol } = subscription;
    const isOver = () => subscription.resume !== wanted;
    let begun = false;
    async function sendDiffs(): Promise<void> {
      /** Where the book was when nothing more was there to read: it must be led to. */
      let missedAt: number | undefined;
      for await (const diffs of live.readDiffs(symbol, fromUpdateId)) {
        if (isOver() || diffs === 'not-resumable' || sender.isHeldBack) return;
        if (!begun) sender.send(`${headOf(subscription, 'resumed')},"lastUpdateId":${fromUpdateId}`);
        begun = true;
        for (const { lastUpdateId, text } of diffs) {
          subscription.lastUpdateId = lastUpdateId;
          sender.send(`${headOf(subscription, 'diff')},${text}`);
        }
        const view = live.findBook(symbol);
        if (view?.state === 'live' && subscription.lastUpdateId >= view.lastUpdateId) {
          subscription.phase = 'live';
          end(subscription);
          return;
        }
        if (diffs.length > 0) continue;
        if (view?.state !== 'live' || missedAt !== undefined) return;
        missedAt = view.lastUpdateId;
      }
    }
    try {
      if (isOver()) return;
      await live.openBook(symbol);
      await deps.resumes.run(async () => {
        if (!isOver()) await sendDiffs();
      });
    } catch (error) {
      log.warn({ symbol, reason: describeError(error) }, 'book subscription not resumed');
    }
    if (isOver()) return;
    if (begun) {
      const at = `"lastUpdateId":${subscription.lastUpdateId}`;
      sender.send(`${headOf(subscription, 'reset')},"reason":"not-resumable",${at}`);
    }
    deps.giveUp(subscription);
  }

  return {
    end,
    begin: (subscription, fromUpdateId) => {
      subscription.phase = 'resuming';
      subscription.lastUpdateId = fromUpdateId;
      subscription.resume = { subscription, fromUpdateId };
      resuming.add(subscription.resume);
      if (!isRunning) void runAll();
    },
  };
}
