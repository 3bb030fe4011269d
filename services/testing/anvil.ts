import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { anvilCommand } from './anvil-command.ts';
import { createJsonRpc, type JsonRpc } from './json-rpc.ts';

export interface AnvilOptions {
  /** A free one by default. */
  readonly port?: number;
  readonly chainId?: number;
  /** OP stack: deposit transactions (type 0x7e) are accepted, their receipts carry `depositNonce`. */
  readonly optimism?: boolean;
  /** A block every so many seconds. By default each transaction is mined in a block of its own, a moment after it came. */
  readonly blockTimeSeconds?: number;
  /** Only `evm_mine` makes a block. */
  readonly noMining?: boolean;
  /** Of the genesis block, seconds since 1970; the clock of the chain goes on from there. */
  readonly timestampSeconds?: number;
  /** Blocks behind the head that `finalized` is at, halved for `safe`. anvil's own default is 64. */
  readonly finalityBlocks?: number;
  /** Base fee of the genesis block, and with 0 of all that follow. */
  readonly baseFeePerGas?: bigint;
  /** Of a block: 300 million by default, room for some thousand transactions. */
  readonly gasLimit?: bigint;
  /**
   * The latest by default. From `prague` on (`isthmus` in OP mode) a block takes longer the more blocks there are, up to
   * 10 ms, as anvil hashes the whole history contract for each: fill tall chains with `cancun` (`holocene`).
   */
  readonly hardfork?: string;
  /** Anything else, see `anvil --help`. */
  readonly args?: readonly string[];
}

export interface Anvil extends JsonRpc, AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  readonly pid: number;
  /** Kills the node; resolves once it is gone, so that its port is free. */
  stop(): Promise<void>;
}

/** How many past states anvil keeps, in memory: the deepest `anvil_reorg` or `anvil_rollback` that still works. */
const statesMax = 256;

/**
 * Starts a real chain for a test or a bench; resolves when it answers. It dies with this process, however that ends.
 * @throws with the last lines anvil printed, if it does not come up
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const chainId = options.chainId ?? 31_337;
  const { command, args } = anvilCommand();
  const child = spawn(command, [...args, ...anvilArguments(options, chainId)], { stdio: ['ignore', 'pipe', 'pipe'] });
  startWatchdog(child);
  const port = await listeningPort(child);
  const url = `http://127.0.0.1:${port}`;
  const node = createJsonRpc(url);

  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  try {
    // anvil prints a line for each call, which costs more than most calls.
    await node.rpc('anvil_setLoggingEnabled', [false]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...node, url, port, chainId, pid: child.pid ?? 0, stop, [Symbol.asyncDispose]: stop };
}

function anvilArguments(options: AnvilOptions, chainId: number): string[] {
  const flags: [string, string | number | bigint | undefined][] = [
    ['--port', options.port ?? 0],
    ['--chain-id', chainId],
    ['--prune-history', statesMax],
    ['--block-time', options.blockTimeSeconds],
    ['--timestamp', options.timestampSeconds],
    ['--slots-in-an-epoch', options.finalityBlocks === undefined ? undefined : Math.ceil(options.finalityBlocks / 2)],
    ['--block-base-fee-per-gas', options.baseFeePerGas],
    ['--gas-limit', options.gasLimit ?? 300_000_000n],
    ['--hardfork', options.hardfork],
    ['--network', options.optimism === true ? 'optimism' : undefined],
  ];
  return [
    ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)])),
    ...(options.noMining === true ? ['--no-mining'] : []),
    '--no-request-size-limit',
    ...(options.args ?? []),
  ];
}

/** The port anvil says it listens on: with `--port 0` the system picks one, so that two tests never race for the same. */
async function listeningPort(child: ChildProcess): Promise<number> {
  const printed: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    const failed = (reason: string) =>
      reject(new Error(`anvil did not start: ${reason}\n${printed.slice(-10).join('\n')}`));
    child.once('error', (error) => failed(error.message));
    child.once('close', (code, signal) => failed(`it ended with ${signal ?? `exit code ${code}`}`));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        printed.push(line);
        const listening = /^Listening on \S*:(\d+)$/.exec(line);
        if (listening !== null) resolve(Number(listening[1]));
      });
    }
  });
  return port;
}

/**
 * Kills anvil when this process is gone, even by SIGKILL: a shell waits for the end of a pipe that only we hold open.
 * It has a process group of its own, so that what is sent to ours (Ctrl-C, a CI's kill) does not take it first.
 */
function startWatchdog(child: ChildProcess): void {
  const watchdog = spawn('/bin/sh', ['-c', `read -r _; kill -9 ${child.pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  child.once('exit', () => watchdog.kill('SIGKILL'));
}
