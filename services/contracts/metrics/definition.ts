/** What a metric is, in words that are the documentation: with them and a node, each value can be computed again. */
export interface MetricDefinition {
  readonly title: string;
  readonly unit: string;
  /** What a value is in JSON. decimal: the digits of a whole number of any size, as a string. */
  readonly type: 'integer' | 'number' | 'decimal';
  /** Over the blocks counted: those of a bucket, or of a span. */
  readonly definition: string;
  /** When there is no value; null: there always is one where a block was counted. */
  readonly nullWhen: string | null;
  /**
   * sums: adds up, so that spans of all networks are as cheap as buckets · distribution: does not (a percentile, how many are
   * different), so that a span is counted anew from its transactions · catalog: stated there, not measured.
   */
  readonly from: 'sums' | 'distribution' | 'catalog';
  /** Of the table chain_windows, whose rows are what buckets and spans are made of. */
  readonly columns: readonly string[];
}

/** What a value of a metric is: null only if the definition says when. */
export type ValueOf<Definition extends Pick<MetricDefinition, 'type' | 'nullWhen'>> =
  | (Definition['type'] extends 'decimal' ? string : number)
  | (Definition['nullWhen'] extends null ? never : null);
