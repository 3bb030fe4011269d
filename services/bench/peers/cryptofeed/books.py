"""cryptofeed's handler of Binance over messages from a file, driven by services/bench/books/cryptofeed.ts.

Reads one line of JSON from stdin (market, symbols, snapshots, messages, warmUp), sets up and applies the warm-up, says
`ready`, waits for a line, applies the rest, says `done`, waits for a line with a file name, writes its books there.
"""

import asyncio
import sys
import time
from json import loads

from cryptofeed.defines import L2_BOOK, PERPETUAL, SPOT
from cryptofeed.exchanges import Binance, BinanceFutures
from cryptofeed.symbols import Symbol, Symbols

ORDER = loads(sys.stdin.readline())
EXCHANGE = Binance if ORDER["market"] == "spot" else BinanceFutures
KIND = SPOT if ORDER["market"] == "spot" else PERPETUAL


class Snapshots:
    """In the place of its HTTP client: answers GET …/depth?symbol=…"""

    async def read(self, address, **_):
        symbol = address.split("symbol=")[1].split("&")[0]
        with open(f"{ORDER['snapshots']}/{symbol}.json", encoding="utf8") as file:
            return file.read()


def say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main():
    names = {Symbol(one.removesuffix("USDT"), "USDT", type=KIND).normalized: one for one in ORDER["symbols"]}
    Symbols.set(EXCHANGE.id, names, {"instrument_type": {name: KIND for name in names}})
    feed = EXCHANGE(symbols=list(names), channels=[L2_BOOK], config={"log": {"disabled": True}})
    feed.http_conn = Snapshots()
    with open(ORDER["messages"], encoding="utf8") as file:
        messages = file.read().splitlines()  # its socket hands out text
    for one in ORDER["symbols"]:
        await feed._snapshot(one)

    async def apply(first, last):
        for at in range(first, last):
            await feed.message_handler(messages[at], None, time.time())

    await apply(0, ORDER["warmUp"])
    say("ready")
    sys.stdin.readline()
    await apply(ORDER["warmUp"], len(messages))
    say("done")
    target = sys.stdin.readline().strip()
    if target == "":
        return
    with open(target, "w", encoding="utf8") as file:
        for name, one in names.items():
            book = feed._l2_book[name].book
            for side, levels in (("bid", book.bids), ("ask", book.asks)):
                for price, size in levels.to_dict().items():
                    file.write(f"{one} {side} {price:f} {size:f}\n")


asyncio.run(main())
