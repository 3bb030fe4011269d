import { EventFragment, type ParamType } from 'ethers/abi';
import type { Protocol } from './schema/protocol.ts';

type ProtocolEvent = Protocol['events'][number];

/** A quantity of an event that is summed, and the parameter that holds the address of what it is of. */
export interface EventAmount {
  readonly field: string;
  readonly asset?: string;
}

/** The event that a signature of the catalog describes; undefined if it is none. */
export function findEvent(signature: string): EventFragment | undefined {
  try {
    return EventFragment.from(signature);
  } catch {
    return undefined;
  }
}

/**
 * Which parameters of an event are summed: those that the catalog names, else by type and name: integers called as
 * ERC-20, WETH, Uniswap V2 and V3 call their amounts. An indexed integer is an identifier more often than an amount
 * (ERC-721 indexes its token id), so it has to be named.
 */
export function amountsOf(event: EventFragment, { amounts }: Pick<ProtocolEvent, 'amounts'>): readonly EventAmount[] {
  if (amounts !== undefined) return amounts;
  return event.inputs
    .filter(
      (input) => input.indexed !== true && isInteger(input) && /^_*(value|wad|amount[A-Za-z0-9]*)_*$/.test(input.name),
    )
    .map(({ name }) => ({ field: name }));
}

export function isInteger({ type }: ParamType): boolean {
  return /^u?int\d*$/.test(type);
}
