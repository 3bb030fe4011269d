import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenError, urlOf } from '../../runtime/http-listen.ts';
import { createExchangeCore, type ExchangeCore, type ExchangeCoreOptions } from './exchange-core.ts';
import { type ExchangeLimits, limitsOf, type Violation } from './exchange-limits.ts';
import type { ExchangeSource } from './exchange-source.ts';
import { createFaults, type Faults } from './faults.ts';
import { createWeightLimit, type Refusal } from './rate-limits.ts';
import { openReplay, type ReplaySource } from './replay-source.ts';
import { answerRequest, errorBody, type RestAnswer, weightOf } from './rest-answers.ts';
import { createStreamHub, type StreamCounts, type StreamHub } from './stream-hub.ts';

export interface ExchangeServerOptions {
  /** Each serves requests and streams; 0 takes a free one. One by default. */
  readonly ports?: readonly number[];
  readonly host?: string;
  readonly seed?: number;
  readonly limits?: Partial<ExchangeLimits>;
  /** Unix milliseconds: of the limits, not of the market. */
  readonly clock?: () => number;
  /** How often the streams speak; 20 by default. */
  readonly tickMs?: number;
  /** full: as fast as the listeners take it. */
  readonly pace?: 'real' | 'full';
  /** The market's time stands still until `start`. */
  readonly waits?: boolean;
  readonly servesOldPaths?: boolean;
}

export interface ExchangeCounts extends StreamCounts {
  /** By endpoint: `depth`, `exchangeInfo`, … */
  readonly requests: Readonly<Record<string, number>>;
  /** By status. */
  readonly answers: Readonly<Record<number, number>>;
  /** The most weight that an address used in a minute. */
  readonly weightUsedMax: number;
  /** What clients did that they may not. */
  readonly violations: Readonly<Partial<Record<Violation, number>>>;
}

type Control = Pick<StreamHub, 'cut' | 'goSilent' | 'shutDown' | 'refuseConnections'>;

/** A market of the exchange on this machine, with all that tests need to trouble it. */
export interface ExchangeServer<Source extends ExchangeSource = ExchangeSource> extends Control, AsyncDisposable {
  /** `http://127.0.0.1:…`, of the first port. */
  readonly restUrl: string;
  /** `ws://127.0.0.1:…`, of the last port. */
  readonly streamUrl: string;
  readonly source: Source;
  readonly faults: Faults;
  /** Lets the market's time begin. */
  start(): void;
  counts(): ExchangeCounts;
  stop(): Promise<void>;
}

/** After a hold-up of the process the market goes on from where it was, but for so much. */
const catchUpMs = 1000;
const fullStepMs = 100;
const unreadAtFullPace = 1 << 20;

/** Starts a simulated market. Its time passes with ours. */
export function startSimulatedExchange(
  options: ExchangeServerOptions &
    Omit<ExchangeCoreOptions, 'wants' | 'seed' | 'startMs'> & { readonly startMs?: number },
): Promise<ExchangeServer<ExchangeCore>> {
  const { seed = 1, startMs = Date.now() } = options;
  return startExchange(options, (wants) => createExchangeCore({ ...options, seed, startMs, wants }));
}

/**
 * Starts a recorded market. Unless it waits for `start`, it begins at once, so that whoever is to hear all of it must be told
 * to wait: `waits: true`.
 */
export async function startReplayedExchange(
  options: ExchangeServerOptions & Parameters<typeof openReplay>[0],
): Promise<ExchangeServer<ReplaySource>> {
  const replay = await openReplay(options);
  return startExchange(options, () => replay);
}

/** Starts whatever `sourceOf` gives; it is told which streams somebody listens to. */
export async function startExchange<Source extends ExchangeSource>(
  options: ExchangeServerOptions,
  sourceOf: (wants: (stream: string) => boolean) => Source,
): Promise<ExchangeServer<Source>> {
  const { ports = [0], host = '127.0.0.1', seed = 1, clock = Date.now, tickMs = 20, pace = 'real' } = options;
  const violations: Partial<Record<Violation, number>> = {};
  const onViolation = (violation: Violation): void => {
    violations[violation] = (violations[violation] ?? 0) + 1;
  };
  let hub: StreamHub | undefined;
  const source = sourceOf((stream) => hub?.wants(stream) ?? false);
  const { market } = source;
  const limits = limitsOf(market, options.limits);
  const streams = createStreamHub({
    market,
    limits,
    clock,
    servesOldPaths: options.servesOldPaths ?? false,
    onViolation,
  });
  hub = streams;
  const faults = createFaults({ source, seed });
  const weights = createWeightLimit({ ...limits, perMinute: limits.weightPerMinute, clock });
  const requests: Record<string, number> = {};
  const answers: Record<number, number> = {};
  const late = new Set<NodeJS.Timeout>();

  function serve(request: IncomingMessage, response: ServerResponse): void {
    // `//` is a path that a client may send, and no address.
    const url = URL.parse(request.url ?? '/', 'http://exchange') ?? new URL('http://exchange/unreadable');
    const endpoint = url.pathname.split('/').at(-1) ?? '';
    requests[endpoint] = (requests[endpoint] ?? 0) + 1;
    const verdict = weights.use(request.socket.remoteAddress ?? '', weightOf(market, url));
    response.setHeader('x-mbx-used-weight-1m', String(verdict.usedWeight));
    if (verdict.status === 200) {
      send(response, answerRequest(source, faults, url));
      return;
    }
    onViolation(violationOf(verdict));
    send(response, { kind: 'answer', body: refusalBody(verdict), ...verdict });
  }

  function violationOf({ status, nth }: Refusal): Violation {
    if (status === 418) return 'request while banned';
    return nth > 1 ? 'request while refused' : 'weight';
  }

  function refusalBody({ status, retryAfterSeconds }: Refusal): string {
    const instead = 'Please use WebSocket Streams for live updates to avoid';
    if (status === 418) {
      const until = clock() + retryAfterSeconds * 1000;
      return errorBody(-1003, `Way too much request weight used; IP banned until ${until}. ${instead} bans.`);
    }
    const limit = `current limit is ${limits.weightPerMinute} request weight per 1 MINUTE`;
    return errorBody(-1003, `Too much request weight used; ${limit}. ${instead} polling the API.`);
  }

  function send(response: ServerResponse, answer: RestAnswer): void {
    if (answer.kind === 'hang') return;
    if (answer.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    const { status, body, afterMs = 0, retryAfterSeconds } = answer;
    if (afterMs > 0) {
      const timer = setTimeout(() => {
        late.delete(timer);
        send(response, { ...answer, afterMs: 0 });
      }, afterMs);
      late.add(timer);
      return;
    }
    answers[status] = (answers[status] ?? 0) + 1;
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
    const isHtml = body.startsWith('<');
    response.setHeader('content-type', isHtml ? 'text/html' : 'application/json;charset=UTF-8');
    response.writeHead(status).end(body);
  }

  const servers: Server[] = [];
  async function listenOn(port: number): Promise<void> {
    const server = createServer(serve);
    server.on('upgrade', streams.handleUpgrade);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
      server.listen(port, host, resolve);
    });
    servers.push(server);
  }

  let timer: NodeJS.Timeout | undefined;
  let isStarted = false;
  function start(): void {
    if (isStarted) return;
    isStarted = true;
    if (pace === 'full') runAtFullPace();
    else runWithTheClock();
  }

  function runWithTheClock(): void {
    let lastMs = performance.now();
    timer = setInterval(() => {
      const nowMs = performance.now();
      const ms = Math.min(catchUpMs, nowMs - lastMs);
      lastMs = nowMs;
      streams.publish(faults.pass(source.advance(ms)));
    }, tickMs);
  }

  function runAtFullPace(): void {
    const next = (): void => {
      const isBehind = streams.unreadBytes() > unreadAtFullPace;
      if (!isBehind) streams.publish(faults.pass(source.advance(fullStepMs)));
      if (!source.ended()) timer = setTimeout(next, isBehind ? 1 : 0);
    };
    next();
  }

  async function stop(): Promise<void> {
    clearTimeout(timer);
    for (const waiting of late) clearTimeout(waiting);
    streams.stop();
    await Promise.all(
      servers.map(async (server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  try {
    for (const port of ports) await listenOn(port);
  } catch (error) {
    await stop();
    throw error;
  }
  if (options.waits !== true) start();
  const urls = servers.map((server) => urlOf(server, host));
  return {
    restUrl: urls[0] as string,
    streamUrl: (urls.at(-1) as string).replace('http:', 'ws:'),
    source,
    faults,
    cut: streams.cut,
    goSilent: streams.goSilent,
    shutDown: streams.shutDown,
    refuseConnections: streams.refuseConnections,
    start,
    counts: () => ({
      ...streams.counts(),
      requests: { ...requests },
      answers: { ...answers },
      weightUsedMax: weights.usedMax,
      violations: { ...violations },
    }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
