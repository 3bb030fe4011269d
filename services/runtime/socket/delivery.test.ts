import { describe, expect, it } from 'vitest';
import { createDelivery, nothingOwed, type Owed } from './delivery.ts';

interface Followed extends Owed {
  readonly name: string;
}

describe(createDelivery, () => {
  it('sends everything at once while the client reads', () => {
    const { delivery, sent } = open();
    const one = followed('one');
    delivery.conflate(one, 0, '"v":1');
    delivery.conflate(one, 0, '"v":2');
    delivery.sendOrDrop(one, 'trade', 7, '"id":7');
    expect(sent).toEqual(['one latest "v":1', 'one latest "v":2', 'one trade "id":7']);
  });

  it('owes the newest two values and a count of the rest, and settles once the client reads again', () => {
    const { delivery, sender, sent } = open();
    const one = followed('one');
    sender.isHeldBack = true;
    for (const minute of [1, 2, 3]) delivery.conflate(one, minute, `"v":${minute}`);
    delivery.conflate(one, 3, '"v":33');
    for (const id of [8, 6, 7]) delivery.sendOrDrop(one, 'trade', id, `"id":${id}`);
    expect(sent).toEqual([]);
    sender.isHeldBack = false;
    delivery.release(delivery.settle);
    expect(sent).toEqual(['one dropped 3 6 8', 'one latest "v":2', 'one latest "v":33']);
    delivery.release(delivery.settle);
    expect(sent).toHaveLength(3);
  });

  it('goes on in the order in which they began to wait, as far as the client reads', () => {
    const { delivery, sender, sent } = open();
    const [one, two, three] = ['one', 'two', 'three'].map(followed) as [Followed, Followed, Followed];
    sender.isHeldBack = true;
    for (const each of [two, three, one, two]) delivery.conflate(each, 0, '"v":1');
    delivery.forget(three);
    sender.isHeldBack = false;
    delivery.release((each) => {
      delivery.settle(each);
      sender.isHeldBack = true;
    });
    expect(sent).toEqual(['two latest "v":1']);
    sender.isHeldBack = false;
    delivery.release(delivery.settle);
    expect(sent).toEqual(['two latest "v":1', 'one latest "v":1']);
  });
});

function open() {
  const sent: string[] = [];
  const sender = { isHeldBack: false, send: (fields: string) => void sent.push(fields.replace(',', ' ')) };
  const delivery = createDelivery<Followed>(sender, {
    headOf: ({ name }, type) => `${name} ${type}`,
    latestType: () => 'latest',
    droppedFields: ({ count, first, last }) => `${count} ${first} ${last}`,
  });
  return { delivery, sender, sent };
}

function followed(name: string): Followed {
  return { name, ...nothingOwed() };
}
