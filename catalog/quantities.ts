/** Kubernetes CPU quantity to thousandths of a CPU: `250m` is 250, `2` is 2000. Throws a RangeError. */
export function parseCpuMillis(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity);
  if (match?.[1] === undefined) throw new RangeError(`"${quantity}" is no CPU quantity`);
  return Math.round(Number(match[1]) * (match[2] === 'm' ? 1 : 1000));
}

/** Kubernetes byte quantity to MiB: `2Gi` is 2048. Throws a RangeError. */
export function parseMiB(quantity: string): number {
  const match = /^(\d+)(Mi|Gi|Ti)$/.exec(quantity);
  if (match?.[1] === undefined) throw new RangeError(`"${quantity}" is no byte quantity`);
  const factor = match[2] === 'Ti' ? 1024 * 1024 : match[2] === 'Gi' ? 1024 : 1;
  return Number(match[1]) * factor;
}
