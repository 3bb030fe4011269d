import { styleText } from 'node:util';
import { CatalogError } from '../catalog/problem.ts';
import { ClashError } from './emit/output.ts';
import { TreeError } from './emit/tree.ts';
import { YamlError } from './emit/yaml.ts';
import { RenderError } from './inputs.ts';
import { RefusalError } from './promotion/refusal.ts';

/** Where a command writes; a terminal gets colours. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export function paint(output: Output, style: Parameters<typeof styleText>[0], text: string): string {
  return output.isTTY === true ? styleText(style, text, { validateStream: false }) : text;
}

/** These say what is wrong and what to do, as does the system of a full disk; anything else is a defect, and keeps its stack. */
export function isForTheUser(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const families = [RenderError, ClashError, TreeError, YamlError, RefusalError, CatalogError];
  return families.some((family) => error instanceof family) || 'syscall' in error;
}
