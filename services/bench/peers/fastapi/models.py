"""What the API answers with."""

from pydantic import BaseModel


class SyncNote(BaseModel):
    state: str
    reason: str | None
    stale: bool


class Sync(SyncNote):
    head: int | None
    synced: int | None
    finalized: int | None
    lagBlocks: int | None
    blocksHeld: int | None
    backfillRemaining: int | None


class Currency(BaseModel):
    symbol: str
    decimals: int


class NetworkAnswer(BaseModel):
    id: str
    name: str
    kind: str
    chainId: int | None = None
    stack: str
    settlement: str
    priority: int
    phase: int
    status: str
    statusNote: str | None = None
    aliasOf: str | None = None
    renamedTo: str | None = None
    successor: str | None = None
    tvlUsd: int | None = None
    nativeCurrency: Currency
    blockTimeSeconds: float | None = None
    explorer: str | None = None
    github: str | None = None
    sync: Sync


class NetworksAnswer(BaseModel):
    networks: list[NetworkAnswer]
    total: int
    digest: str


class Stamp(BaseModel):
    number: int
    hash: str
    timestamp: int


class Lag(BaseModel):
    blocks: int | None
    seconds: int | None


class Finality(BaseModel):
    number: int | None


class Freshness(BaseModel):
    network: str
    asOf: Stamp | None
    lag: Lag
    finality: Finality
    sync: SyncNote


class Block(BaseModel):
    number: int
    hash: str
    parentHash: str
    timestamp: int
    final: bool
    miner: str | None
    gasLimit: str
    gasUsed: str
    baseFeePerGas: str | None
    blobGasUsed: str | None
    excessBlobGas: str | None
    l1BlockNumber: int | None
    sizeBytes: int | None
    transactions: int
    logs: int


class BlocksAnswer(Freshness):
    blocks: list[Block]
    next: str | None


class Window(BaseModel):
    name: str
    seconds: int | None


class Coverage(BaseModel):
    fromBlock: int
    toBlock: int
    toHash: str
    complete: bool


class FeeTotals(BaseModel):
    transactions: int
    total: str
    mean: str | None


class GasPrice(BaseModel):
    p50: str
    p95: str


class BaseFees(BaseModel):
    newest: str | None
    min: str
    max: str
    mean: str


class Stats(BaseModel):
    blocks: int
    transactions: int
    failedTransactions: int | None
    contractCreations: int
    activeSenders: int
    logs: int
    gasUsed: str
    blockTimeSeconds: float | None
    tps: float | None
    gasPrice: GasPrice | None
    executionFees: FeeTotals | None
    l1DataFees: FeeTotals | None
    baseFeePerGas: BaseFees | None


class StatsAnswer(Freshness):
    window: Window
    coverage: Coverage | None
    stats: Stats | None
