import { ethereumPorts } from './ethereum-ports.ts';

/** Where both clients find the secret by which they know each other. */
export const engineSecretFile = '/etc/engine/jwt.hex';

/**
 * A node that begins at genesis can be lied to by its first peers; this is the consensus client's own list of who vouches
 * for a recent block (https://eth-clients.github.io/checkpoint-sync-endpoints).
 */
const checkpoint = 'https://mainnet.checkpoint.sigp.io';

interface Options {
  readonly dataFolder: string;
  /** The address that peers are told; undefined as long as it is not known: the node then finds peers, and they not it. */
  readonly peerAddress?: string | undefined;
}

interface GethOptions extends Options {
  /** Address that the engine API listens at. */
  readonly engineHost: string;
  /** Names by which others may ask it, beside its addresses: a page in a browser must not reach it by one of its own. */
  readonly hosts?: readonly string[];
}

/** Geth reads its chain in the state of a recent block (snap sync), and lets others read, and do nothing else. */
export function gethArguments({ dataFolder, peerAddress, engineHost, hosts = ['localhost'] }: GethOptions): string[] {
  const { geth } = ethereumPorts;
  return [
    '--mainnet',
    `--datadir=${dataFolder}`,
    '--syncmode=snap',
    '--ipcdisable',
    '--log.format=json',
    `--port=${geth.peers}`,
    '--maxpeers=75',
    ...(peerAddress === undefined ? [] : [`--nat=extip:${peerAddress}`]),
    '--http',
    '--http.addr=0.0.0.0',
    `--http.port=${geth.http}`,
    '--http.api=eth,net,web3',
    `--http.vhosts=${hosts.join(',')}`,
    '--ws',
    '--ws.addr=0.0.0.0',
    `--ws.port=${geth.ws}`,
    '--ws.api=eth,net,web3',
    `--authrpc.addr=${engineHost}`,
    `--authrpc.port=${geth.engine}`,
    `--authrpc.vhosts=${hosts.join(',')}`,
    `--authrpc.jwtsecret=${engineSecretFile}`,
    '--metrics',
    '--metrics.addr=0.0.0.0',
    `--metrics.port=${geth.metrics}`,
  ];
}

interface LighthouseOptions extends Options {
  /** Geth's engine API. */
  readonly engine: string;
}

/** Lighthouse follows the consensus from a checkpoint on, and tells Geth which block is the head. */
export function lighthouseArguments({ dataFolder, peerAddress, engine }: LighthouseOptions): string[] {
  const { lighthouse } = ethereumPorts;
  return [
    'beacon_node',
    '--network=mainnet',
    `--datadir=${dataFolder}`,
    '--log-format=JSON',
    '--logfile-max-number=0',
    `--execution-endpoint=${engine}`,
    `--execution-jwt=${engineSecretFile}`,
    `--checkpoint-sync-url=${checkpoint}`,
    '--checkpoint-sync-url-timeout=600',
    '--listen-address=0.0.0.0',
    `--port=${lighthouse.peers}`,
    `--quic-port=${lighthouse.quic}`,
    '--target-peers=80',
    '--disable-upnp',
    ...(peerAddress === undefined
      ? []
      : [
          `--enr-address=${peerAddress}`,
          `--enr-tcp-port=${lighthouse.peers}`,
          `--enr-udp-port=${lighthouse.peers}`,
          `--enr-quic-port=${lighthouse.quic}`,
        ]),
    '--http',
    '--http-address=0.0.0.0',
    `--http-port=${lighthouse.http}`,
    '--metrics',
    '--metrics-address=0.0.0.0',
    `--metrics-port=${lighthouse.metrics}`,
  ];
}
