import { describe, expect, it } from 'vitest';
import { findMadeOf } from './verify-bars.ts';

describe(findMadeOf, () => {
  const before = secondsOf({ 10: 1n, 11: 1n });
  const after = secondsOf({ 10: 1n, 11: 3n, 12: 1n, 13: 1n });

  it.each([
    { version: 2n, made: { 10: 1n, 11: 1n }, isBetween: false },
    { version: 4n, made: { 10: 1n, 11: 3n }, isBetween: true },
    { version: 5n, made: { 10: 1n, 11: 3n, 12: 1n }, isBetween: true },
    { version: 6n, made: { 10: 1n, 11: 3n, 12: 1n, 13: 1n }, isBetween: false },
  ])('finds what a bar of version $version was made of while seconds came', ({ version, made, isBetween }) => {
    expect(findMadeOf(version, before, after)).toEqual({ seconds: secondsOf(made), isBetween });
  });

  it('finds nothing for a bar that lacks a second, or has one too many', () => {
    expect(findMadeOf(1n, before, after)).toBeUndefined();
    expect(findMadeOf(3n, before, after)).toBeUndefined();
    expect(findMadeOf(7n, before, after)).toBeUndefined();
  });
});

function secondsOf(versions: Readonly<Record<number, bigint>>): { start: number; version: bigint }[] {
  return Object.entries(versions).map(([start, version]) => ({ start: Number(start), version }));
}
