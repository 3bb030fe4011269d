import type { RunContext, Work } from '../bench.ts';
import type { ApiInput } from './input.ts';
import { openOurApi } from './our-api.ts';
import { underLoad } from './under-load.ts';

export async function open(context: RunContext): Promise<Work> {
  const { url, close } = await openOurApi(context.input as ApiInput);
  return underLoad(context, url, close);
}
