import { getCreate2Address, Interface, keccak256, ZeroHash } from 'ethers';
import { playgroundCreationCode } from './creation-code.ts';

/** The functions, events and errors of Playground.sol. */
export const playground: Interface = new Interface([
  'function mint(address to, uint256 value)',
  'function transfer(address to, uint256 value) returns (bool)',
  'function countUp(uint256 times, bytes note)',
  'function work(uint256 rounds) pure returns (uint256)',
  'function refuse(uint256 code)',
  'function balanceOf(address owner) view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function count() view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Counted(address indexed by, uint256 indexed count, bytes note)',
  'error Refused(uint256 code)',
]);

/** The proxy every anvil chain is born with: called with a salt and creation code, it creates by CREATE2. */
export const create2Deployer = '0x4e59b44847b379578588920ca78fbf26c0b4956c';

/** Data for the proxy that creates the contract at `playgroundAddress`: the same on any chain, whoever calls; only once. */
export const playgroundDeployment: string = ZeroHash + playgroundCreationCode.slice(2);

/** Where the contract is, once deployed. */
export const playgroundAddress: string = getCreate2Address(
  create2Deployer,
  ZeroHash,
  keccak256(playgroundCreationCode),
).toLowerCase();

/** Creates a contract that does nothing: the last of the 13 bytes, STOP, is all its code. */
export const emptyCreationCode = '0x6001600c60003960016000f300';
