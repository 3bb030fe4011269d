/** A job cannot go on: the message says where, what is wrong and what to do. Anything else that is thrown is a defect. */
export class CiError extends Error {
  override readonly name = 'CiError';
}
