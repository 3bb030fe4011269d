import { getAddress, id } from 'ethers';
import { describe, expect, test } from 'vitest';
import { entryPoints, userOperationTopic } from './user-operations.ts';

describe('user operations', () => {
  test('are known by the event of ERC-4337', () => {
    const signature = 'UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)';
    expect(userOperationTopic).toBe(id(signature));
  });

  test('are those of the EntryPoint contracts as eth-infinitism writes their addresses, checksums included', () => {
    expect(entryPoints.map(getAddress)).toEqual([
      '0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789',
      '0x0000000071727De22E5E9d8BAf0edAc6f37da032',
      '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108',
    ]);
  });
});
