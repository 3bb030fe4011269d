import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The process's logger: constant messages, values as fields. For machines it is JSON; for people short lines, coloured on
 * a terminal.
 */
export function createLogger(level: LogLevel, readers: 'people' | 'machines', terminal: boolean): Logger {
  const options = { level, base: null, redact: ['*.password', '*.secret', '*.token', '*.authorization'] };
  if (readers === 'machines') return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime });
  return pino(
    options,
    pretty({ colorize: terminal, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true }),
  );
}
