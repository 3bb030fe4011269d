import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The process's logger: constant messages, values as fields. JSON lines on standard output for machines; for a person at a
 * terminal, short coloured lines.
 */
export function createLogger(level: LogLevel, terminal: boolean): Logger {
  const options = { level, base: null, redact: ['*.password', '*.secret', '*.token', '*.authorization'] };
  if (!terminal) return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime });
  return pino(options, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true }));
}
