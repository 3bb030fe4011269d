import type { BucketName, SpanName } from '../../../contracts/analytics-answers.ts';
import { ProtocolsAnswer } from '../../../contracts/protocol-answers.ts';
import { createCheck } from './check.ts';
import { type Endpoint, queryOf } from './use-answer.ts';

const check = createCheck(ProtocolsAnswer);

/** What is done with protocols: of one of them with its volumes and buckets, else of all without these. */
export function protocolsOf(window: SpanName, protocol?: string, bucket?: BucketName): Endpoint<ProtocolsAnswer> {
  return {
    path: `analytics/api/v1/analytics/protocols${queryOf({ window, protocol, bucket })}`,
    check,
    everyMs: 5_000,
  };
}
