// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// What of an ERC-4337 EntryPoint the chains of tests need: it tells of user operations as the real ones do, and does nothing.
contract EntryPoint {
    event UserOperationEvent(
        bytes32 indexed userOpHash,
        address indexed sender,
        address indexed paymaster,
        uint256 nonce,
        bool success,
        uint256 actualGasCost,
        uint256 actualGasUsed
    );

    error FailedOp(uint256 opIndex, string reason);

    /// A bundle of `count` operations; each fourth of them fails by itself. With `fails` the whole bundle is undone.
    function handleOps(uint256 count, uint256 nonce, bool fails) external {
        for (uint256 i = 0; i < count; i++) {
            bytes32 hash = keccak256(abi.encode(msg.sender, nonce, i));
            emit UserOperationEvent(hash, address(uint160(uint256(hash))), address(0), nonce + i, i % 4 != 3, 21_000 gwei, 21_000);
        }
        if (fails) revert FailedOp(count, "AA23 reverted");
    }
}
