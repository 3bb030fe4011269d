/** The messages of /ws, as Markdown: a part of the documentation that /docs shows. */
export const protocol = `## WebSocket: \`/ws\`

Messages are JSON text. Send \`{"op":"subscribe","id":1,"channel":"book","symbols":["BTCUSDT"]}\`.
`;
