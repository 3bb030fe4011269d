/** What was asked for cannot be done as things stand. Its message says where, what and what to do. */
export class RefusalError extends Error {
  override name = 'RefusalError';
}

/** `environments/production: has no lock — run …` */
export function refuse(where: string, what: string, fix: string): never {
  throw new RefusalError(`${where}: ${what} — ${fix}`);
}
