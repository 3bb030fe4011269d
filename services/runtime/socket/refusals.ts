import { ProblemError } from '../http-problem.ts';

// What is answered in place of a WebSocket.

export function noSocketHere(path: string): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'no-websocket',
    title: 'This path speaks no WebSocket',
    detail: `Connect to ${path}, or ask without the header upgrade.`,
  });
}

export function upgradeRequired(): ProblemError {
  return new ProblemError({
    status: 426,
    code: 'upgrade-required',
    title: 'This path speaks WebSocket',
    detail: 'Connect to it with a WebSocket client; /docs describes the messages.',
  });
}

export function tooMany(why: string): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'too-many-connections',
    title: 'Too many connections',
    detail: `${why}: try again in some seconds.`,
    headers: { 'retry-after': '5' },
  });
}
