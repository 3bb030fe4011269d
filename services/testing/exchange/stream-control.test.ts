import { describe, expect, it } from 'vitest';
import { answerControl, type Subscriptions } from './stream-control.ts';

describe(answerControl, () => {
  it('subscribes, lists and unsubscribes', () => {
    const subscriptions = subscriptionsOf('a@trade');
    const ask = (request: object) => JSON.parse(answerControl(JSON.stringify(request), subscriptions).text);
    expect(ask({ method: 'SUBSCRIBE', params: ['b@depth', 'a@trade'], id: 1 })).toEqual({ result: null, id: 1 });
    expect(ask({ method: 'LIST_SUBSCRIPTIONS', id: 'two' })).toEqual({ result: ['a@trade', 'b@depth'], id: 'two' });
    expect(ask({ method: 'UNSUBSCRIBE', params: ['a@trade'], id: null })).toEqual({ result: null, id: null });
    expect([...subscriptions.streams]).toEqual(['b@depth']);
  });

  it('tells what is new and what is gone', () => {
    const subscriptions = subscriptionsOf('a@trade');
    const change = (method: string) =>
      answerControl(JSON.stringify({ method, params: ['a@trade', 'b'], id: 1 }), subscriptions);
    expect(change('SUBSCRIBE').added).toEqual(['b']);
    expect(change('UNSUBSCRIBE').removed).toEqual(['a@trade', 'b']);
  });

  it('sets and tells whether payloads are wrapped', () => {
    const subscriptions = subscriptionsOf();
    const ask = (request: object) => JSON.parse(answerControl(JSON.stringify(request), subscriptions).text);
    expect(ask({ method: 'SET_PROPERTY', params: ['combined', true], id: 5 })).toEqual({ result: null, id: 5 });
    expect(ask({ method: 'GET_PROPERTY', params: ['combined'], id: 6 })).toEqual({ result: true, id: 6 });
    expect(ask({ method: 'SET_PROPERTY', params: ['combined', 1], id: 7 })).toMatchObject({ code: 1 });
    expect(ask({ method: 'GET_PROPERTY', params: ['other'], id: 8 })).toEqual({
      code: 0,
      msg: 'Unknown property',
      id: 8,
    });
  });

  it.each([
    ['{', 3, /^Invalid JSON/],
    ['{"id":1}', 2, /missing field `method`/],
    ['{"method":"subscribe","id":1}', 2, /unknown variant `subscribe`, expected one of `SUBSCRIBE`/],
    ['{"method":"SUBSCRIBE","params":["a"]}', 2, /request ID/],
    ['{"method":"SUBSCRIBE","params":["a"],"id":1.5}', 2, /request ID/],
    ['{"method":"SUBSCRIBE","params":"a","id":1}', 2, /invalid stream/],
    ['{"method":"LIST_SUBSCRIPTIONS","params":["a"],"id":1}', 2, /too many parameters/],
  ])('refuses %s', (frame, code, msg) => {
    const answer = answerControl(frame, subscriptionsOf());
    expect(JSON.parse(answer.text)).toMatchObject({ code, msg: expect.stringMatching(msg) });
    expect([answer.added, answer.removed]).toEqual([[], []]);
  });
});

function subscriptionsOf(...streams: string[]): Subscriptions {
  return { streams: new Set(streams), combined: false };
}
