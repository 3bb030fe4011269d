// @ts-nocheck: type-checked against dependencies that are installed on first use only.
import { ponder } from 'ponder:registry';

// Ponder fetches what some handler asks for. These ask for everything and do nothing with it.
ponder.on('everyBlock:block', async () => {});
ponder.on('everySender:transaction:from', async () => {});
ponder.on('everyContract:Transfer', async () => {});
ponder.on('everyContract:Counted', async () => {});
