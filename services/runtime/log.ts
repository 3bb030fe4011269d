import { type Logger, multistream, pino, type StreamEntry } from 'pino';
import pretty from 'pino-pretty';
import type { RecentErrors } from './recent-errors.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The process's logger: constant messages, values as fields. For machines it is JSON; for people short lines, coloured on
 * a terminal. Warnings and errors also go to `recent`, whatever the level.
 */
export function createLogger(
  level: LogLevel,
  readers: 'people' | 'machines',
  terminal: boolean,
  recent?: RecentErrors,
): Logger {
  const options = { base: null, redact: ['*.password', '*.secret', '*.token', '*.authorization'] };
  const shown: StreamEntry[] = level === 'silent' ? [] : [{ level, stream: readersStream(readers, terminal) }];
  const kept: StreamEntry[] = recent === undefined ? [] : [{ level: 'warn', stream: recent }];
  const isQuiet = level === 'error' || level === 'silent';
  return pino(
    {
      ...options,
      level: isQuiet && recent !== undefined ? 'warn' : level,
      ...(readers === 'machines' ? { timestamp: pino.stdTimeFunctions.isoTime } : {}),
    },
    multistream([...shown, ...kept]),
  );
}

function readersStream(readers: 'people' | 'machines', terminal: boolean) {
  if (readers === 'machines') return pino.destination({ dest: 1, sync: true });
  return pretty({
    colorize: terminal,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
    sync: true,
  });
}
