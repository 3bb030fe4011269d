import { type WindowSize, windowSeconds, windowStart } from './window-size.ts';

export type SpanName = '1h' | '24h' | '7d' | '30d';

/** A time of a network's recent past that ends with the newest block counted, and is made of whole windows of one size. */
export interface Span {
  readonly name: SpanName;
  readonly seconds: number;
  /** Of the windows that it is summed from. */
  readonly size: WindowSize;
}

export const spans: Readonly<Record<SpanName, Span>> = {
  '1h': { name: '1h', seconds: 3600, size: 'minute' },
  '24h': { name: '24h', seconds: 86_400, size: 'minute' },
  '7d': { name: '7d', seconds: 7 * 86_400, size: 'hour' },
  '30d': { name: '30d', seconds: 30 * 86_400, size: 'day' },
};

/**
 * Where a span begins whose newest block has the timestamp `newest`: both Unix seconds. Counted are the blocks with
 * from <= timestamp <= newest: the last window is that of `newest`, as far as it went, and those before it are whole.
 */
export function spanStart(span: Span, newest: number): number {
  return windowStart(span.size, newest) - span.seconds + windowSeconds[span.size];
}
