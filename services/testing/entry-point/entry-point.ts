import { Interface } from 'ethers';
import type { JsonRpcCall } from '../json-rpc.ts';
import { entryPointCode } from './runtime-code.ts';

/** The function, the event and the error of EntryPoint.sol; the event is that of ERC-4337. */
export const entryPoint: Interface = new Interface([
  'function handleOps(uint256 count, uint256 nonce, bool fails)',
  'event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed)',
  'error FailedOp(uint256 opIndex, string reason)',
]);

/** Where ERC-4337's EntryPoint of versions 0.6, 0.7 and 0.8 is on every chain that has it. */
export const entryPointAddresses = [
  '0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789',
  '0x0000000071727de22e5e9d8baf0edac6f37da032',
  '0x4337084d9e255ff0702461cf8895ce9e3b5ff108',
] as const;

/** The same code where no EntryPoint is: what it tells of is no user operation, whatever it says. */
export const imposterAddress = '0x4337000000000000000000000000000000004337';

/** Puts the code where it belongs: nobody can create a contract at these addresses. A reorganisation may take it away again. */
export function setEntryPoints(): JsonRpcCall[] {
  return [...entryPointAddresses, imposterAddress].map((address) => ['anvil_setCode', [address, entryPointCode]]);
}

/** Data of a bundle of so many operations; one that `fails` leaves no trace of them. */
export function bundleData(count: number, nonce: number, fails = false): string {
  return entryPoint.encodeFunctionData('handleOps', [count, nonce, fails]);
}
