// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// The one contract of our own chains: a token anybody may mint (logs with indexed topics, amounts of 256 bits), a counter
/// (several logs in one transaction), work that only burns gas, and a function that always reverts.
contract Playground {
    string public constant name = "Playground";
    string public constant symbol = "PLAY";
    uint8 public constant decimals = 18;

    uint256 public totalSupply;
    uint256 public count;
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Counted(address indexed by, uint256 indexed count, bytes note);

    error Refused(uint256 code);

    function mint(address to, uint256 value) external {
        totalSupply += value;
        unchecked {
            balanceOf[to] += value;
        }
        emit Transfer(address(0), to, value);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        require(balanceOf[msg.sender] >= value, "balance too low");
        unchecked {
            balanceOf[msg.sender] -= value;
            balanceOf[to] += value;
        }
        emit Transfer(msg.sender, to, value);
        return true;
    }

    /// Counts `times` times, with one log each.
    function countUp(uint256 times, bytes calldata note) external {
        for (uint256 i = 0; i < times; i++) emit Counted(msg.sender, ++count, note);
    }

    function work(uint256 rounds) external pure returns (uint256 result) {
        for (uint256 i = 0; i < rounds; i++) result = mulmod(result + i, 3, type(uint256).max);
    }

    function refuse(uint256 code) external pure {
        revert Refused(code);
    }
}
