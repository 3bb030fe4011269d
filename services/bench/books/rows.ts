/**
 * A level of a book in the form that all subjects are compared in. Numbers may come as decimal text, padded or not, or as
 * JavaScript prints a double.
 */
export function levelRow(symbol: string, side: 'bid' | 'ask', price: string, size: string): string {
  return `${symbol} ${side} ${plainDecimal(price)} ${plainDecimal(size)}`;
}

/** Without an exponent, and without zeros that say nothing. */
export function plainDecimal(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d*))?(?:e([+-]\d+))?$/i.exec(text) ?? [];
  if (whole === '') throw new Error(`"${text}" is no decimal number that a book can hold.`);
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction).padEnd(point, '0');
  const shifted = digits.padStart(digits.length + Math.max(0, 1 - point), '0');
  const at = Math.max(1, point);
  const integer = shifted.slice(0, at).replace(/^0+(?=\d)/, '');
  const rest = shifted.slice(at).replace(/0+$/, '');
  return rest === '' ? integer : `${integer}.${rest}`;
}
