/**
 * A node answered, but not with what was asked: a wrong height, receipts of another block, a missing field.
 * Nothing of such an answer is stored; the endpoint is blamed and another one is asked.
 */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}
