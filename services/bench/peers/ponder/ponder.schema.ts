// @ts-nocheck: type-checked against dependencies that are installed on first use only.
import { onchainTable } from 'ponder';

/**
 * Ponder stores what it fetches in tables of its own (schema ponder_sync), and these are what is compared. It wants a
 * table of the application too; nothing is written to it, so that no time of Ponder's goes into a copy.
 */
export const unused = onchainTable('unused', (t) => ({ id: t.text().primaryKey() }));
