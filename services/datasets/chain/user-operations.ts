// What people asked a chain to do, as L2BEAT counts it: transactions that the chain does not make itself, where one that carries user
// operations of ERC-4337 counts as many as it carries.

/** `UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)` of ERC-4337: one for each operation that was executed. */
export const userOperationTopic = '0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f';

/** The canonical EntryPoint contracts, v0.6, v0.7 and v0.8, at the same address on all chains. */
export const entryPoints = [
  '0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789',
  '0x0000000071727de22e5e9d8baf0edac6f37da032',
  '0x4337084d9e255ff0702461cf8895ce9e3b5ff108',
] as const;

/** Arbitrum's internal transactions: `ArbitrumInternalTxType` of its geth. */
export const arbitrumInternalType = 0x6a;

/** The OP stack's deposit of L1 attributes, with which each block begins: its type, and who sends it. */
export const depositType = 0x7e;
export const l1AttributesDepositor = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001';
