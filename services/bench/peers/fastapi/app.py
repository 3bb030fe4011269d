"""The analytics API as a FastAPI team writes it, measured by services/bench/api: `python app.py <settings.json>`.

One worker of uvicorn on a free port. The answers are those of services/analytics-api, from the same two stores. Where the
two could differ in what they do, this one does less: no snapshot over several statements, no check that blocks and
transactions are of one version, no metrics, no request ids, no security headers, plain sums instead of sums that cannot
overflow.
"""

import asyncio
import base64
import hashlib
import json
import sys
import time
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import aiohttp
import asyncpg
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel

from models import BlocksAnswer, NetworksAnswer, StatsAnswer

with open(sys.argv[1], encoding="utf8") as file:
    SETTINGS = json.load(file)
with open(SETTINGS["catalog"], encoding="utf8") as file:
    CATALOG = json.load(file)

NETWORKS = {network["id"]: network for network in CATALOG["catalog"]["networks"]}
NOTHING_KNOWN = {
    "head": None,
    "synced": None,
    "finalized": None,
    "lagBlocks": None,
    "blocksHeld": None,
    "backfillRemaining": None,
}
STALE_SECONDS = 15
LAST_BLOCK = 2**63 - 1
WINDOWS = {"1h": 3600, "24h": 86_400, "7d": 604_800, "all": None}
STATS_CACHE_SECONDS = 2
KEPT_SECONDS = SETTINGS["keptMs"] / 1000


@asynccontextmanager
async def lifespan(app: FastAPI):
    size = SETTINGS["poolSize"]
    async with (
        asyncpg.create_pool(SETTINGS["databaseUrl"], min_size=size, max_size=size, init=read_json) as pool,
        aiohttp.ClientSession() as session,
    ):
        app.state.pool = pool
        app.state.session = session
        yield


async def read_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


app = FastAPI(lifespan=lifespan)


def get_pool(request: Request) -> asyncpg.Pool:
    return request.app.state.pool


def get_session(request: Request) -> aiohttp.ClientSession:
    return request.app.state.session


def get_network(network: str) -> dict:
    if network not in NETWORKS:
        raise HTTPException(404, f'The catalog has no network "{network}".')
    return NETWORKS[network]


Pool = Annotated[asyncpg.Pool, Depends(get_pool)]
Session = Annotated[aiohttp.ClientSession, Depends(get_session)]
Network = Annotated[dict, Depends(get_network)]
BlockNumber = Annotated[int | None, Query(ge=0)]


def etag_of(*parts) -> str:
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return f'W/"{base64.urlsafe_b64encode(digest[:24]).decode()}"'


def is_known(request: Request, response: Response, etag: str) -> bool:
    """Sets the headers; whether the caller has this answer already."""
    response.headers["etag"] = etag
    response.headers["cache-control"] = "no-cache"
    return request.headers.get("if-none-match") == etag


def not_modified(etag: str) -> Response:
    return Response(status_code=304, headers={"etag": etag, "cache-control": "no-cache"})


class Cache:
    """In this process; callers that ask while a value is made share it."""

    def __init__(self, seconds: float, most: int):
        self.seconds = seconds
        self.most = most
        self.kept: dict[tuple, tuple[float, asyncio.Future]] = {}

    async def remember(self, key: tuple, make):
        now = time.monotonic()
        found = self.kept.get(key)
        if found is not None and found[0] > now:
            return await asyncio.shield(found[1])
        if len(self.kept) >= self.most:
            self.kept.pop(next(iter(self.kept)))
        making = asyncio.ensure_future(make())
        self.kept[key] = (now + self.seconds, making)
        try:
            return await asyncio.shield(making)
        except BaseException:
            self.kept.pop(key, None)
            raise


ANSWERS = Cache(KEPT_SECONDS, 1000)


async def kept_answer(model: type[BaseModel], request: Request, make) -> Response:
    """What `make` gives (content and ETag), as JSON, kept for a moment."""

    async def render() -> tuple[bytes, str]:
        content, etag = await make()
        return model.model_validate(content).model_dump_json().encode(), etag

    body, etag = await ANSWERS.remember((request.url.path, request.url.query), render)
    headers = {"etag": etag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


# The state of the sync


def sync_note(network: dict, report: dict | None, age: float | None) -> dict:
    if report is not None and age is not None:
        return {"state": report["state"], "reason": report["reason"], "stale": age > STALE_SECONDS}
    if network["status"] == "retired":
        return {"state": "idle", "reason": f"retired: {network.get('statusNote', 'no longer in use')}", "stale": False}
    return {
        "state": "unknown",
        "reason": "chain-sync has not reported on it: it is not running, or just starting",
        "stale": False,
    }


def lag_blocks(head: int | None, place: int | None) -> int | None:
    return None if head is None or place is None else max(0, head - place)


def progress_of(report: dict | None) -> dict:
    if report is None:
        return NOTHING_KNOWN
    return {
        "head": report["head"],
        "synced": report["synced"],
        "finalized": report["finalized"],
        "lagBlocks": lag_blocks(report["head"], report["synced"]),
        "blocksHeld": report["blocksHeld"],
        "backfillRemaining": report["backfillRemaining"],
    }


@app.get("/api/v1/l2/networks", response_model=NetworksAnswer)
async def list_networks(
    request: Request,
    response: Response,
    pool: Pool,
    status: str | None = None,
    kind: str | None = None,
    phase: Annotated[int | None, Query(ge=1, le=3)] = None,
    min_priority: Annotated[int, Query(alias="minPriority", ge=1, le=10)] = 1,
    state: str | None = None,
):
    async def make() -> tuple[dict, str]:
        rows = await pool.fetch(
            "SELECT network, report, extract(epoch FROM now() - updated_at)::float8 AS age FROM chain.status"
        )
        reported = {row["network"]: (row["report"], row["age"]) for row in rows}
        networks = []
        for network in NETWORKS.values():
            if status is not None and network["status"] != status:
                continue
            if kind is not None and network["kind"] != kind:
                continue
            if phase is not None and network["phase"] != phase:
                continue
            if network["priority"] < min_priority:
                continue
            report, age = reported.get(network["id"], (None, None))
            sync = {**sync_note(network, report, age), **progress_of(report)}
            if state is None or sync["state"] == state:
                networks.append({**network, "sync": sync})
        etag = etag_of(CATALOG["digest"], [network["sync"] for network in networks])
        return {"networks": networks, "total": len(networks), "digest": CATALOG["digest"]}, etag

    if KEPT_SECONDS > 0:
        return await kept_answer(NetworksAnswer, request, make)
    content, etag = await make()
    return not_modified(etag) if is_known(request, response, etag) else content


# Blocks

VIEW_SQL = """
SELECT c.finalized_number, c.genesis_hash, b.number, b.hash, b.timestamp,
       s.report, extract(epoch FROM now() - s.updated_at)::float8 AS age
  FROM (SELECT $1::text AS network) n
  LEFT JOIN chain.cursors c USING (network)
  LEFT JOIN chain.status s USING (network)
  LEFT JOIN LATERAL (SELECT number, hash, timestamp FROM chain.blocks
                      WHERE network = n.network ORDER BY number DESC LIMIT 1) b ON true
"""
BLOCKS_SQL = """
SELECT number, hash, timestamp, parent_hash, miner, gas_limit::text, gas_used::text, base_fee_per_gas::text,
       blob_gas_used::text, excess_blob_gas::text, l1_block_number, size_bytes, tx_count, log_count
  FROM chain.blocks
 WHERE network = $1 AND number BETWEEN $2 AND $3 ORDER BY number DESC LIMIT $4
"""


def hex_of(value: bytes | None) -> str | None:
    return None if value is None else f"0x{value.hex()}"


def freshness_of(network: dict, view: asyncpg.Record, as_of: dict | None) -> dict:
    report = view["report"]
    head = None if report is None else report["head"]
    return {
        "network": network["id"],
        "asOf": as_of,
        "lag": {
            "blocks": lag_blocks(head, None if as_of is None else as_of["number"]),
            "seconds": None if as_of is None else max(0, int(time.time()) - as_of["timestamp"]),
        },
        "finality": {"number": view["finalized_number"]},
        "sync": sync_note(network, report, view["age"]),
    }


def block_of(row: asyncpg.Record, finalized: int | None) -> dict:
    return {
        "number": row["number"],
        "hash": hex_of(row["hash"]),
        "parentHash": hex_of(row["parent_hash"]),
        "timestamp": row["timestamp"],
        "final": finalized is not None and row["number"] <= finalized,
        "miner": hex_of(row["miner"]),
        "gasLimit": row["gas_limit"],
        "gasUsed": row["gas_used"],
        "baseFeePerGas": row["base_fee_per_gas"],
        "blobGasUsed": row["blob_gas_used"],
        "excessBlobGas": row["excess_blob_gas"],
        "l1BlockNumber": row["l1_block_number"],
        "sizeBytes": row["size_bytes"],
        "transactions": row["tx_count"],
        "logs": row["log_count"],
    }


def cursor_of(genesis: bytes | None, number: int) -> str:
    mark = "" if genesis is None else genesis[:8].hex()
    return base64.urlsafe_b64encode(f"1.blocks.{mark}.{number}.0".encode()).decode().rstrip("=")


@app.get("/api/v1/l2/networks/{network}/blocks", response_model=BlocksAnswer)
async def list_blocks(
    request: Request,
    response: Response,
    network: Network,
    pool: Pool,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: str | None = None,
    from_block: Annotated[BlockNumber, Query(alias="fromBlock")] = None,
    to_block: Annotated[BlockNumber, Query(alias="toBlock")] = None,
):
    highest = LAST_BLOCK if to_block is None else to_block
    if before is not None:
        highest = min(highest, int(base64.urlsafe_b64decode(before + "==").split(b".")[3]) - 1)

    async def read() -> tuple[asyncpg.Record, list, bool, str]:
        async with pool.acquire() as connection:
            view = await connection.fetchrow(VIEW_SQL, network["id"])
            rows = await connection.fetch(BLOCKS_SQL, network["id"], from_block or 0, highest, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        finalized = view["finalized_number"]
        note = sync_note(network, view["report"], view["age"])
        final = sum(1 for row in rows if finalized is not None and row["number"] <= finalized)
        hashes = [row["hash"].hex() for row in rows]
        return view, rows, more, etag_of(str(request.url.path), request.url.query, hashes, final, more, note)

    def content_of(view: asyncpg.Record, rows: list, more: bool) -> dict:
        as_of = None
        if view["number"] is not None:
            as_of = {"number": view["number"], "hash": hex_of(view["hash"]), "timestamp": view["timestamp"]}
        return {
            **freshness_of(network, view, as_of),
            "blocks": [block_of(row, view["finalized_number"]) for row in rows],
            "next": cursor_of(view["genesis_hash"], rows[-1]["number"]) if more else None,
        }

    async def make() -> tuple[dict, str]:
        *page, etag = await read()
        return content_of(*page), etag

    if KEPT_SECONDS > 0:
        return await kept_answer(BlocksAnswer, request, make)
    *page, etag = await read()
    return not_modified(etag) if is_known(request, response, etag) else content_of(*page)


# Statistics

NEWEST_SQL = """
SELECT number, hash, toUnixTimestamp(timestamp) AS timestamp FROM chain_blocks FINAL
 WHERE network = {network:String} AND number > (SELECT toInt64(max(number)) - 1000 FROM (
         SELECT number FROM chain_blocks WHERE network = {network:String} ORDER BY number DESC LIMIT 1))
 ORDER BY number DESC LIMIT 1
"""
BLOCK_TOTALS_SQL = """
SELECT count() AS blocks, min(number) AS from_block, max(number) AS to_block, argMax(hash, number) AS to_hash,
       toUnixTimestamp(min(timestamp)) AS first_at, toUnixTimestamp(max(timestamp)) AS last_at,
       sum(tx_count) AS transactions, sum(log_count) AS logs, sum(gas_used) AS gas_used,
       count(base_fee_per_gas) AS base_fees, sum(base_fee_per_gas) AS base_fee, min(base_fee_per_gas) AS base_fee_min,
       max(base_fee_per_gas) AS base_fee_max, argMax(tuple(base_fee_per_gas), number).1 AS base_fee_newest
  FROM chain_blocks FINAL
 WHERE network = {network:String} AND number BETWEEN {low:UInt64} AND {high:UInt64}
   AND toInt64(toUnixTimestamp(timestamp)) > {after:Int64}
"""
TX_TOTALS_SQL = """
SELECT count(status) AS statuses, countIf(status = 0) AS failed, countIf(recipient IS NULL) AS creations,
       uniqExact(sender) AS senders, count(effective_gas_price) AS priced,
       quantilesExact(0.5, 0.95)(effective_gas_price) AS prices,
       sum(gas_used * effective_gas_price) AS fees, count(l1_fee) AS l1_known, sum(l1_fee) AS l1_fees
  FROM chain_txs FINAL
 WHERE network = {network:String} AND number BETWEEN {low:UInt64} AND {high:UInt64}
"""


async def clickhouse(session: aiohttp.ClientSession, sql: str, **parameters) -> dict | None:
    """The first row."""
    params = {f"param_{name}": str(value) for name, value in parameters.items()}
    params["output_format_json_quote_64bit_integers"] = "1"
    async with session.post(SETTINGS["clickhouseUrl"], data=f"{sql} FORMAT JSONEachRow", params=params) as answer:
        text = await answer.text()
        if answer.status != 200:
            raise HTTPException(503, "Try again in a second")
    return json.loads(text) if text else None


def fees_of(transactions: int, total: int) -> dict:
    mean = None if transactions == 0 else str(total // transactions)
    return {"transactions": transactions, "total": str(total), "mean": mean}


async def read_stats(session: aiohttp.ClientSession, network: dict, name: str, low: int, high: int) -> dict:
    """What may be kept for a while: the newest block, what is covered, the figures."""
    newest = await clickhouse(session, NEWEST_SQL, network=network["id"])
    if newest is None:
        return {"asOf": None, "coverage": None, "stats": None}
    number, timestamp = int(newest["number"]), newest["timestamp"]
    as_of = {"number": number, "hash": newest["hash"], "timestamp": timestamp}
    seconds = WINDOWS.get(name)
    after = -1 if seconds is None else timestamp - seconds
    bounds = {"network": network["id"], "low": low, "high": min(high, number)}
    blocks = await clickhouse(session, BLOCK_TOTALS_SQL, after=after, **bounds)
    if blocks is None or blocks["blocks"] == "0":
        return {"asOf": as_of, "coverage": None, "stats": None}
    count, first, last = int(blocks["blocks"]), int(blocks["from_block"]), int(blocks["to_block"])
    txs = await clickhouse(session, TX_TOTALS_SQL, network=network["id"], low=first, high=last)
    whole = count == last - first + 1
    start = network.get("startBlock", 0)
    complete = whole and (first == low and last == high if name == "range" else first <= start or seconds is not None)
    transactions = int(blocks["transactions"])
    block_time = (blocks["last_at"] - blocks["first_at"]) / (count - 1) if count > 1 else None
    priced, l1_known, base_fees = int(txs["priced"]), int(txs["l1_known"]), int(blocks["base_fees"])
    stats = {
        "blocks": count,
        "transactions": transactions,
        "failedTransactions": None if txs["statuses"] == "0" and transactions > 0 else int(txs["failed"]),
        "contractCreations": int(txs["creations"]),
        "activeSenders": int(txs["senders"]),
        "logs": int(blocks["logs"]),
        "gasUsed": str(blocks["gas_used"]),
        "blockTimeSeconds": block_time,
        "tps": transactions / count / block_time if block_time else None,
        "gasPrice": None if priced == 0 else {"p50": str(txs["prices"][0]), "p95": str(txs["prices"][1])},
        "executionFees": None if priced == 0 and transactions > 0 else fees_of(priced, int(txs["fees"] or 0)),
        "l1DataFees": None if l1_known == 0 else fees_of(l1_known, int(txs["l1_fees"])),
        "baseFeePerGas": None
        if base_fees == 0
        else {
            "newest": blocks["base_fee_newest"],
            "min": blocks["base_fee_min"],
            "max": blocks["base_fee_max"],
            "mean": str(int(blocks["base_fee"]) // base_fees),
        },
    }
    coverage = {"fromBlock": first, "toBlock": last, "toHash": blocks["to_hash"], "complete": complete}
    return {"asOf": as_of, "coverage": coverage, "stats": stats}


STATS = Cache(STATS_CACHE_SECONDS, 1000)


@app.get("/api/v1/l2/networks/{network}/stats", response_model=StatsAnswer)
async def get_stats(
    request: Request,
    response: Response,
    network: Network,
    pool: Pool,
    session: Session,
    window: Literal["1h", "24h", "7d", "all"] | None = None,
    from_block: Annotated[BlockNumber, Query(alias="fromBlock")] = None,
    to_block: Annotated[BlockNumber, Query(alias="toBlock")] = None,
):
    ranged = from_block is not None or to_block is not None
    if ranged and window is not None:
        raise HTTPException(400, "Give window, or fromBlock and toBlock, not both.")
    name = "range" if ranged else (window or "24h")
    low = network.get("startBlock", 0) if from_block is None else from_block
    high = LAST_BLOCK if to_block is None else to_block
    if not ranged:
        low = 0
    key = (network["id"], name, low, high)

    async def make() -> tuple[dict, str]:
        found = await STATS.remember(key, lambda: read_stats(session, network, name, low, high))
        view = await pool.fetchrow(VIEW_SQL, network["id"])
        note = sync_note(network, view["report"], view["age"])
        etag = etag_of(request.url.path, request.url.query, found["coverage"], found["stats"], note)
        content = {
            **freshness_of(network, view, found["asOf"]),
            "window": {"name": name, "seconds": WINDOWS.get(name)},
            "coverage": found["coverage"],
            "stats": found["stats"],
        }
        return content, etag

    if KEPT_SECONDS > 0:
        return await kept_answer(StatsAnswer, request, make)
    content, etag = await make()
    return not_modified(etag) if is_known(request, response, etag) else content


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=0, loop="uvloop", http="httptools", access_log=False)
