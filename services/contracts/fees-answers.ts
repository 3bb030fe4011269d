import Type, { type Static } from 'typebox';
import { reportFields } from './report-answers.ts';
import { Count, closed, Nullable, OneOf, Text, WholeDecimal } from './schema.ts';

// What /api/v1/analytics/gas-fees answers with.

/** What adds up, and what does not: fees for being executed on the chain and for being published to L1 apart. */
export const feeReport = {
  figures: [
    'blocks',
    'transactions',
    'executionFeesTotal',
    'executionFeeMean',
    'l1DataFeesTotal',
    'l1DataFeeMean',
    'l1FeeShare',
    'baseFeeMean',
    'baseFeeMin',
    'baseFeeMax',
  ],
  details: [
    'executionFeeP10',
    'executionFeeP50',
    'executionFeeP90',
    'executionFeeP95',
    'executionFeeP99',
    'l1DataFeeP10',
    'l1DataFeeP50',
    'l1DataFeeP90',
    'l1DataFeeP95',
    'l1DataFeeP99',
    'gasPriceP10',
    'gasPriceP50',
    'gasPriceP90',
    'gasPriceP95',
    'gasPriceP99',
  ],
} as const;

const ComparedNetwork = Type.Object(
  {
    network: Text('The network, by its own id'),
    name: Text('For people'),
    rank: Nullable(
      Type.Integer({ minimum: 1, description: '1 + how many networks are cheaper; null without an execution fee' }),
    ),
    executionFee: Nullable(WholeDecimal('The metric named by `by`, in wei; null where the chain does not tell it')),
    l1DataFee: Nullable(
      WholeDecimal('The same of the L1 data fee, on top; null where the chain does not charge for it apart'),
    ),
    timesCheapest: Nullable(
      Type.Number({
        description: 'executionFee / that of rank 1; null where one of them is null or the cheapest is 0',
      }),
    ),
  },
  closed,
);

export const GasFeesAnswer = Type.Object(
  {
    ...reportFields(feeReport.figures, feeReport.details),
    comparison: Type.Array(
      Type.Object(
        {
          nativeCurrency: Text('Ticker of what all of them are paid in'),
          decimals: Count('Digits after the point of one unit of it: a wei is 10^-decimals'),
          by: OneOf(['executionFeeP50', 'executionFeeMean'], {
            description: 'What is compared: the median where networks are named, else the mean',
          }),
          networks: Type.Array(ComparedNetwork, {
            description: 'From cheap to dear, equal ones by id; those without an execution fee come last',
          }),
        },
        closed,
      ),
      { description: 'By currency, since wei of one are not worth those of another' },
    ),
  },
  closed,
);
export type GasFeesAnswer = Static<typeof GasFeesAnswer>;
