import { ConfigurationError, describeError, RetryableError } from '../../runtime/errors.ts';

/**
 * The error to throw for what the driver threw while `doing` something: of our two families when the family is known, with
 * the driver's error as its cause. What no family knows is taken for something that passes, as a broker may say anything
 * while it comes or goes.
 */
export function kafkaError(error: unknown, doing: string): Error {
  if (error instanceof RetryableError || error instanceof ConfigurationError) return error;
  const text = `Kafka: ${doing}: ${describeError(error)}`;
  const names = [...causesOf(error)].flatMap(({ name, type, code }) => [name, type, code]).filter(isText);
  const is = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const to = (advice: string): Error => new ConfigurationError(`${text}. ${advice}`, { cause: error });

  if (is(/SASLAuthentication|^(SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM)$/))
    return to('Set KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_MECHANISM to what the brokers know');
  if (is(/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/)) return to('Set KAFKA_CA to the certificate of the brokers’ authority');
  if (is(/^ERR_SSL_/)) return to('Set KAFKA_TLS and the port of KAFKA_BROKERS to a listener of the same kind');
  if (is(/_AUTHORIZATION_FAILED$/)) return to('Give the user of KAFKA_USERNAME the right to it');
  if (is(/^(MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE)$/))
    return new Error(`${text}. The topic’s max.message.bytes is below what catalog/topics.yaml says`, { cause: error });
  if (is(/^KafkaJSNotImplemented$/))
    return to('Set compression.type of the topic to producer, gzip or zstd: lz4 and snappy cannot be read here');
  if (error instanceof TypeError || error instanceof RangeError) return error;
  return new RetryableError(text, { cause: error });
}

/** The type of a broker's error, such as `UNKNOWN_TOPIC_OR_PARTITION`, or of what caused it. */
export function findProtocolType(error: unknown): string | undefined {
  return [...causesOf(error)].map(({ type }) => type).find(isText);
}

interface DriverError {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

function* causesOf(error: unknown): Generator<DriverError> {
  const waiting = [error];
  for (let steps = 0; waiting.length > 0 && steps < 20; steps++) {
    const at = waiting.shift();
    if (typeof at !== 'object' || at === null) continue;
    const found: DriverError = at;
    yield found;
    waiting.push(found.cause, ...(Array.isArray(found.errors) ? found.errors : []));
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
