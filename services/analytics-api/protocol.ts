import { dialogueLimits } from '../runtime/socket/dialogue.ts';
import { senderLimits } from '../runtime/socket/sender.ts';
import { socketDefaults } from '../runtime/socket/socket-route.ts';
import { behindMs } from './live/freshness.ts';
import { liveChainLimits } from './live/live-chain.ts';
import { newestBlocksMax } from './live/live-network.ts';
import { candleIntervals, channels } from './socket/client-message.ts';
import { sessionLimits } from './socket/session.ts';

const seconds = (ms: number) => `${ms / 1000} seconds`;
const kibibytes = (bytes: number) => `${bytes / 1024} KiB`;
const mebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;

/** The messages of /ws, as Markdown: a part of the documentation that /docs shows. */
export const protocol = `## WebSocket: \`/ws\`

Messages are JSON text, in the manner of the market API's. One connection follows any networks and symbols on the channels ${channels.map((name) => `\`${name}\``).join(', ')}.

| you send | answer |
| --- | --- |
| \`{"op":"subscribe","id":1,"channel":"blocks","networks":["base"]}\` | \`subscribed\` with the \`id\`, then data. All networks or none |
| \`{"op":"subscribe","channel":"blocks","networks":["*"]}\` | all networks, each once, and those that come into the catalog later |
| \`{"op":"subscribe","channel":"blocks","networks":["base"],"resume":{"base":123}}\` | what happened since the \`chainSeq\` that you have, see below |
| \`{"op":"subscribe","channel":"candles","symbols":["BTCUSDT"],"interval":"1m"}\` | candles of symbols; \`interval\` is one of ${candleIntervals.map((name) => `\`${name}\``).join(', ')} |
| \`{"op":"unsubscribe","id":2,"channel":"blocks","networks":["base"]}\` | \`unsubscribed\` |
| \`{"op":"ping","id":3}\` | \`pong\` with our \`time\` |

Subscribing again to blocks begins them anew. Who names a network by an alias of the catalog follows the network itself, and is told its own id.
What cannot be done is answered by \`error\` with \`id\`, \`code\`, \`detail\`, and \`near\` for names like an unknown one.

| \`type\` | channel | what it says |
| --- | --- | --- |
| \`snapshot\` | blocks | The newest blocks, ${newestBlocksMax} at most, oldest first, and \`finalized\`: they take the place of what you have. \`reason\`: \`subscribed\`, \`not-resumable\`, \`reset\` (follows one) |
| \`block\` | blocks | A block joined the chain: at its end, or in the past while history is being filled in |
| \`retracted\` | blocks | A block left the chain in a reorganisation. You may not have had it |
| \`finalized\` | blocks | Blocks up to \`number\` are final |
| \`resumed\` | blocks | What follows goes on from your \`chainSeq\` |
| \`reset\` | blocks | Changes are missing from here on (\`slow\`: you read too slowly; \`gap\`: one could not be read): a snapshot follows |
| \`network\` | networks | State, head, finality, newest block and its \`time\`, transactions a second over the last minute; the last one wins |
| \`gas\` | gas | Base fee, percentiles of the gas price, fees of L2 (\`executionFees\`) and of L1 (\`l1DataFees\`) of the newest block; the last one wins |
| \`protocols\` | protocols | What a block did with the protocols of the catalog: calls, failed calls, events, and these by their first topic. Blocks that touch none are not told; one that is retracted later is told so by \`blocks\` |
| \`dropped\` | protocols | \`count\` such blocks were left out, from \`firstNumber\` to \`lastNumber\` |
| \`candle\` | candles | The candle of \`time\` as far as it is known; the last one of each \`time\` wins |
| \`stale\`, \`live\` | all but networks | What you were told is old \`since\` (Unix milliseconds), and is live again. \`reason\`: \`bus-away\`, \`store-away\`, \`behind\` (changes have not come for ${seconds(behindMs)}), \`not-synced\` (the channel networks says why), \`silent\` (no bars). Of networks, \`stale\` is a part of the state |
| \`added\`, \`retired\`, \`removed\` | of networks | The catalog changed: a network is followed by your \`*\`, is retired, or is gone and with it your subscription |

Quantities and times are as everywhere: wei as strings, \`timestamp\` in Unix seconds, \`null\` where a chain has no such datum.

**Counting.** Every message has \`seq\`, counted from 1 by connection, and those of a subscription \`channelSeq\`, counted from 1 by
channel and network or symbol. Neither ever skips. \`chainSeq\` is the network's own, the same in every connection and in every replica: it rises,
not always by one. What is told of a chain joins what you have if its \`previousChainSeq\` is not above your \`chainSeq\`, and its own is.

**Resuming** on any replica gives the changes since your \`chainSeq\` as long as they are held: ${liveChainLimits.eventsMax} of a network, ${mebibytes(liveChainLimits.bytesMax)} at most,
${mebibytes(liveChainLimits.bytesMaxOfAll)} of all together; after a start, those of the last ${liveChainLimits.sinceMs / 60_000} minutes. Otherwise a snapshot with the reason \`not-resumable\`.

**Slow readers.** Up to ${kibibytes(senderLimits.bufferBytesMax)} wait for a connection, less while all together have too much. Then blocks wait where all changes are held
and follow once what waits was read, or are reset when they are held no longer; protocols are dropped and counted; states, fees and candles are
conflated. After ${seconds(senderLimits.slowMs)} without reading the connection is closed with 1013.

**Tokens.** Through the gateway a connection needs a token, as \`Authorization: Bearer <token>\`, which is looked at once, when it is opened. A
browser cannot set that: it sends the cookie \`defimon_token\` of its login, which is \`SameSite=Strict\`, so that no other site can
connect in its owner's name. Who offers the subprotocol \`bearer\` is answered with it; a token there is read by nobody.

**Limits.** ${socketDefaults.connectionsMax} connections of a replica, unless it is set to take others, ${socketDefaults.connectionsPerCallerMax} of one token, or of one address without one (then 503), ${sessionLimits.subscriptionsMax} subscriptions a connection and ${sessionLimits.subscriptionsMaxOfAll} of all, ${dialogueLimits.messagesPerSecond} messages a second (${dialogueLimits.messagesAtOnce} at once; a flood is
closed with 1008), ${kibibytes(socketDefaults.payloadBytesMax)} a message (1009). We ping every ${seconds(socketDefaults.pingMs)}, and end a connection that is silent for ${seconds(socketDefaults.silentMs)}. When the service ends it closes with 1001:
connect again, and resume.
`;
