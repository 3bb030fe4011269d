import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Logger, pino } from 'pino';
import { type Child, createChildren } from '../../runtime/children.ts';
import { findFreePort } from '../../runtime/free-port.ts';
import { kafkaJars } from './kafka-jars.ts';

export interface KafkaOptions {
  /** Of its settings and data. One that was used before goes on with what is in it. By default a new one, gone after `stop`. */
  readonly folder?: string;
  /** A free one by default. */
  readonly port?: number;
  /** More of the broker's configuration: https://kafka.apache.org/41/configuration/broker-configs/ */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** Passwords by user name: adds a listener that asks for one, by SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN. */
  readonly users?: Readonly<Record<string, string>>;
  /** Adds a listener with TLS, which asks for a password too if there are users. Needs `openssl`. */
  readonly tls?: boolean;
  /** Given what the broker prints: warnings and errors. */
  readonly log?: Logger;
}

export interface KafkaServer extends AsyncDisposable {
  /** `host:port`, of the listener that asks for nothing. */
  readonly brokers: readonly string[];
  readonly port: number;
  /** With `users`: of the listener without TLS. */
  readonly saslBrokers: readonly string[];
  readonly tlsBrokers: readonly string[];
  /** The certificate to trust, as PEM, with `tls`. */
  readonly ca: string | undefined;
  /** Of the broker as it runs now. */
  readonly pid: number;
  /** Ends it for good, by SIGKILL: nobody needs its data after that. */
  stop(): Promise<void>;
  /** SIGKILL; `restart` starts it again. */
  kill(): Promise<void>;
  /** Starts it again with its ports and data, after asking it to end if it runs. Resolves when it takes requests. */
  restart(): Promise<void>;
}

type Listener = 'PLAINTEXT' | 'CONTROLLER' | 'SASL' | 'TLS';

/**
 * Starts Apache Kafka as one node, broker and controller (KRaft); resolves when it takes requests, some five seconds later.
 * It dies with this process, however that ends.
 * @throws with the last lines it printed, if it does not come up
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const jars = await kafkaJars();
  const log = options.log ?? pino({ level: 'silent' });
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), 'defimon-kafka-'));
  mkdirSync(folder, { recursive: true });
  const certificate = options.tls ? await certificateIn(folder) : undefined;
  const ports: Record<Listener, number> = {
    PLAINTEXT: options.port ?? (await findFreePort()),
    CONTROLLER: await findFreePort(),
    SASL: options.users === undefined ? 0 : await findFreePort(),
    TLS: certificate === undefined ? 0 : await findFreePort(),
  };
  const settings = path.join(folder, 'server.properties');
  const properties = { ...propertiesOf(folder, ports, options, certificate), ...options.properties };
  writeFileSync(
    settings,
    Object.entries(properties)
      .map((pair) => `${pair.join('=')}\n`)
      .join(''),
  );
  if (!existsSync(path.join(folder, 'data', 'meta.properties'))) await format(jars, settings, options.users ?? {});

  const children = createChildren({ log, reaperGraceSeconds: 1 });
  const cleanUp = async (): Promise<void> => {
    await children.close(0);
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  let broker: Child;
  try {
    broker = await startBroker();
  } catch (error) {
    await cleanUp();
    throw error;
  }

  async function startBroker(): Promise<Child> {
    const up = Promise.withResolvers<void>();
    const child = await children.spawn({
      name: 'Apache Kafka',
      command: 'java',
      args: [...javaOptions, ...logOptions, '-cp', `${jars}/*`, 'kafka.Kafka', settings],
      cwd: folder,
      env: { PATH: process.env.PATH ?? '' },
      stopSignal: 'SIGTERM',
      logTail: 20,
      onLine: (line) => {
        if (line.includes('Kafka Server started')) up.resolve();
        else log.debug({ line }, 'Apache Kafka says');
      },
    });
    const ended = child.exited.then(({ code, signal, tail }) => {
      throw new Error(`Apache Kafka did not start: it ended with ${signal ?? `exit code ${code}`}\n${tail.join('\n')}`);
    });
    await Promise.race([up.promise, ended]);
    ended.catch(() => {});
    return child;
  }

  const kill = async (): Promise<void> => {
    await broker.stop(0);
  };
  const stop = async (): Promise<void> => {
    await kill();
    await cleanUp();
  };
  const at = (listener: Listener): string[] => (ports[listener] === 0 ? [] : [`127.0.0.1:${ports[listener]}`]);
  return {
    brokers: at('PLAINTEXT'),
    port: ports.PLAINTEXT,
    saslBrokers: at('SASL'),
    tlsBrokers: at('TLS'),
    ca: certificate?.certificate,
    get pid() {
      return broker.pid;
    },
    stop,
    kill,
    restart: async () => {
      await broker.stop(stopGraceMs);
      broker = await startBroker();
    },
    [Symbol.asyncDispose]: stop,
  };
}

const stopGraceMs = 20_000;

// The simplest compiler and collector: a broker of a test has little to do, and starts in half the time.
const javaOptions = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'];
const logOptions = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
];

function propertiesOf(
  folder: string,
  ports: Readonly<Record<Listener, number>>,
  { users = {} }: KafkaOptions,
  certificate: Certificate | undefined,
): Record<string, string | number | boolean> {
  const used = (Object.keys(ports) as Listener[]).filter((name) => ports[name] !== 0);
  const urls = (names: readonly Listener[]): string =>
    names.map((name) => `${name}://127.0.0.1:${ports[name]}`).join(',');
  const protocols = `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:${ports.SASL === 0 ? 'SSL' : 'SASL_SSL'}`;
  const security = 'org.apache.kafka.common.security';
  const scram = `${security}.scram.ScramLoginModule required;`;
  const plainUsers = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`);
  const sasl = (['sasl', 'tls'] as const).flatMap((name) => [
    [`listener.name.${name}.sasl.enabled.mechanisms`, 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN'],
    [`listener.name.${name}.scram-sha-512.sasl.jaas.config`, scram],
    [`listener.name.${name}.scram-sha-256.sasl.jaas.config`, scram],
    [
      `listener.name.${name}.plain.sasl.jaas.config`,
      `${security}.plain.PlainLoginModule required${plainUsers.join('')};`,
    ],
  ]);
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.CONTROLLER}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: urls(used),
    'advertised.listeners': urls(used.filter((name) => name !== 'CONTROLLER')),
    'listener.security.protocol.map': protocols,
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': path.join(folder, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A client that died is found out in the time that a test has.
    'group.min.session.timeout.ms': 1000,
    // Its own controller takes a broker that was killed back only when this is over.
    'broker.session.timeout.ms': 4000,
    'broker.heartbeat.interval.ms': 500,
    // As little memory and as few files as one broker can do with.
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'log.cleaner.dedupe.buffer.size': 4 << 20,
    'log.index.size.max.bytes': 1 << 20,
    ...(ports.SASL === 0 ? {} : Object.fromEntries(sasl)),
    ...(certificate === undefined
      ? {}
      : { 'listener.name.tls.ssl.keystore.type': 'PEM', 'listener.name.tls.ssl.keystore.location': certificate.file }),
  };
}

async function format(jars: string, settings: string, users: Readonly<Record<string, string>>): Promise<void> {
  const credentials = Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-512', 'SCRAM-SHA-256'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  // May begin with a dash, which only this form of the option takes for what it is.
  const clusterId = randomBytes(16).toString('base64url');
  await promisify(execFile)('java', [
    ...javaOptions,
    ...['-cp', `${jars}/*`, 'kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '-c', settings],
    ...credentials,
  ]);
}

interface Certificate {
  /** Its key and itself, as PEM. */
  readonly file: string;
  readonly certificate: string;
}

/** A certificate for this host, signed by itself: it is its own authority. */
async function certificateIn(folder: string): Promise<Certificate> {
  const [key, own, file] = ['tls-key.pem', 'tls-certificate.pem', 'tls.pem'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  if (!existsSync(file)) {
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', own],
    ]);
    writeFileSync(file, readFileSync(key, 'utf8') + readFileSync(own, 'utf8'));
  }
  return { file, certificate: readFileSync(own, 'utf8') };
}
