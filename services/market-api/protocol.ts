import { dialogueLimits } from '../runtime/socket/dialogue.ts';
import { senderLimits } from '../runtime/socket/sender.ts';
import { socketDefaults } from '../runtime/socket/socket-route.ts';
import { resumeDiffsMax, resumeWithinMs } from './live/resume.ts';
import { channels } from './socket/client-message.ts';
import { sessionLimits } from './socket/session.ts';

const seconds = (ms: number) => `${ms / 1000} seconds`;
const kibibytes = (bytes: number) => `${bytes / 1024} KiB`;

/** The messages of /ws, as Markdown: a part of the documentation that /docs shows. */
export const protocol = `## WebSocket: \`/ws\`

Messages are JSON text. One connection follows any pairs on the channels ${channels.map((name) => `\`${name}\``).join(', ')}.

| you send | answer |
| --- | --- |
| \`{"op":"subscribe","id":1,"channel":"book","symbols":["BTCUSDT"]}\` | \`subscribed\` with the \`id\`, then data. All symbols or none |
| \`{"op":"subscribe","channel":"book","symbols":["BTCUSDT"],"resume":{"BTCUSDT":123}}\` | diffs from the \`lastUpdateId\` that you have, see below |
| \`{"op":"subscribe","channel":"candles","interval":"1m","symbols":["BTCUSDT"]}\` | candles need an \`interval\`, as in \`/candles\` |
| \`{"op":"unsubscribe","id":2,"channel":"book","symbols":["BTCUSDT"]}\` | \`unsubscribed\` |
| \`{"op":"ping","id":3}\` | \`pong\` with our \`time\` |

Subscribing again to a book sends it again as a whole. What cannot be done is answered by \`error\` with \`id\`, \`code\` and \`detail\`.

| \`type\` | channel | what it says |
| --- | --- | --- |
| \`snapshot\` | book | The whole book: it takes the place of what you have. \`reason\`: \`subscribed\`, \`not-resumable\`, \`reset\` (follows one), \`replaced\` (made whole after a gap, or reaching deeper). \`state\`: \`live\` or \`gap\` |
| \`diff\` | book | Levels [price, size] that changed; size 0 takes one away. \`previousUpdateId\` is the \`lastUpdateId\` of the message before it: if not, subscribe again |
| \`resumed\` | book | The diffs that follow go on from your \`lastUpdateId\` |
| \`reset\` | book | Diffs are missing from here on (\`slow\`: you read too slowly): a snapshot follows once you have read what waits |
| \`waiting\` | book | No book is held yet; a snapshot follows |
| \`trade\` | trades | One trade |
| \`dropped\` | trades | \`count\` trades were left out, from \`firstTradeId\` to \`lastTradeId\`: \`/data\` has them |
| \`ticker\` | ticker | Best bid and ask; the last one wins |
| \`candle\` | candles | The candle of \`time\` as far as it is known; the last one of each \`time\` wins |
| \`gap\` | (all of the symbol) | \`stream\`: \`book\`, \`trades\` or \`tickers\`. \`open\`: updates are missing, and a book stays as it was; \`closed\`: it is whole again, a book's snapshot was sent |

**Counting.** Every message has \`seq\`, counted from 1 by connection, and those of a subscription \`channelSeq\`, counted from 1 by
channel and symbol. Neither ever skips: what you do not get is told by \`reset\`, \`dropped\` or \`gap\`.

**Update ids** are those of the exchange: \`firstUpdateId\` (\`U\`) and \`lastUpdateId\` (\`u\`). A collector that joins updates joins their ids.

**Resuming** gives the diffs since an update of ours, if it is not older than ${resumeWithinMs / 60_000} minutes, not more than ${resumeDiffsMax} diffs have come, and no gap
since; otherwise a snapshot with the reason \`not-resumable\`. A connection resumes one book after the other; one that is being
resumed cannot be resumed again (\`resume-running\`).

**Slow readers.** Up to ${kibibytes(senderLimits.bufferBytesMax)} wait for a connection, less while all together have too much. Then books are reset,
trades are dropped and counted, tickers and candles are conflated, and all of it goes on once what waits has been read. After ${seconds(senderLimits.slowMs)}
without that the connection is closed with 1013.

**Tokens.** Through the gateway a connection needs a token, as \`Authorization: Bearer <token>\`, which is looked at once, when it is opened. A
browser cannot set that: it sends the cookie \`defimon_token\` of its login, which is \`SameSite=Strict\`, so that no other site can
connect in its owner's name. Who offers the subprotocol \`bearer\` is answered with it; a token there is read by nobody.

**Limits.** ${socketDefaults.connectionsMax} connections of a replica, unless it is set to take others, ${socketDefaults.connectionsPerCallerMax} of one token, or of one address without one (then 503), ${sessionLimits.subscriptionsMax} subscriptions a connection and ${sessionLimits.subscriptionsMaxOfAll} of all, ${dialogueLimits.messagesPerSecond} messages a second (${dialogueLimits.messagesAtOnce} at once; a flood is closed with 1008),
${kibibytes(socketDefaults.payloadBytesMax)} a message (1009). We ping every ${seconds(socketDefaults.pingMs)}, and end a connection that is silent for ${seconds(socketDefaults.silentMs)}. When the service ends it
closes with 1001: connect again, and resume.
`;
