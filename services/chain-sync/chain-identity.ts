import type { BlockRef, Hex } from '../datasets/chain/block.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import type { EvmReader, HeadReading } from './evm/evm-reader.ts';
import type { HeldChain } from './held-chain.ts';

/** Which chain it is that is stored, and which endpoints serve it. */
export interface ChainIdentity {
  /** Endpoints are held to the genesis and to the last final block that we hold. */
  trustKnown(): Promise<void>;
  /** Takes the genesis that most endpoints tell, the catalog's order deciding a tie; returns the readings that agree with it. */
  agreeOnGenesis(readings: readonly HeadReading[]): Promise<readonly HeadReading[]>;
}

/** Throws ConfigurationError when the catalog's genesis is not that of the stored chain. */
export async function openChainIdentity({
  network,
  genesisHash,
  held,
  reader,
}: {
  readonly network: string;
  readonly genesisHash: Hex | undefined;
  readonly held: HeldChain;
  readonly reader: EvmReader;
}): Promise<ChainIdentity> {
  if (genesisHash !== undefined && held.cursor().genesisHash === null) await held.recordGenesis(genesisHash);
  const stored = held.cursor().genesisHash;
  if (genesisHash !== undefined && stored !== genesisHash) {
    throw new ConfigurationError(
      `network ${network}: the catalog's genesis is ${genesisHash}, but blocks of a chain with genesis ${stored} are stored: ` +
        `correct the catalog, or drop the stored chain with --forget ${network}`,
    );
  }

  async function trustKnown(): Promise<void> {
    const { genesisHash: genesis, finalizedNumber: finalized } = held.cursor();
    const known: BlockRef[] = [];
    if (genesis !== null) known.push({ number: 0, hash: genesis });
    const hash = finalized === null ? undefined : await held.findHash(finalized);
    if (finalized !== null && finalized > 0 && hash !== undefined) known.push({ number: finalized, hash });
    reader.trust(known);
  }

  async function agreeOnGenesis(readings: readonly HeadReading[]): Promise<readonly HeadReading[]> {
    if (held.cursor().genesisHash === null) {
      const votes = new Map<Hex, number>();
      for (const { genesisHash: told } of reader.endpoints) {
        if (told !== null) votes.set(told, (votes.get(told) ?? 0) + 1);
      }
      const [winner] = [...votes].sort(([, a], [, b]) => b - a);
      // Where no endpoint has block 0, the chain id alone must do.
      if (winner === undefined) return readings;
      await held.inTurn(() => held.recordGenesis(winner[0]));
      await trustKnown();
    }
    const { genesisHash: agreed } = held.cursor();
    return readings.filter(({ endpoint }) => endpoint.genesisHash === null || endpoint.genesisHash === agreed);
  }

  await trustKnown();
  return { trustKnown, agreeOnGenesis };
}
