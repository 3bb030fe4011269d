// @ts-nocheck: type-checked against dependencies that are installed on first use only.
import { Hono } from 'hono';

/** Ponder does not start without an API. This one answers nothing. */
// biome-ignore lint/style/noDefaultExport: Ponder reads the default export
export default new Hono();
