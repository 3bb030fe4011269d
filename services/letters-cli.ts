/** `npm run letters -- TOPIC`: what could not be taken in, each with its reason; and sends it again. */
import { parseArgs } from 'node:util';
import { parseFlags } from './runtime/config.ts';
import { ConfigurationError, describeError } from './runtime/errors.ts';
import { createLogger } from './runtime/log.ts';
import { readConfig } from './runtime/read-config.ts';
import { tellFailure } from './runtime/tell-failure.ts';
import { type FoundLetter, findLetter, sendLettersAgain } from './stores/dead-letters.ts';
import { openKafkaBus } from './stores/networked/kafka.ts';
import { readKafkaTopic } from './stores/networked/kafka-read.ts';

const help = `npm run letters -- TOPIC [options]

Shows what consumers of a topic put aside as they could not take it in, oldest first, each record once, with the reason. Reads
TOPIC.dead, and moves no group.

  --send                publish what is shown to TOPIC again, once what refused it is mended: consumers apply what comes late or
                        twice as they should; what is refused again becomes a letter again. Letters stay until their topic drops
                        them, and --send sends them each time: choose those of one cause by --reason and --since
  --reason TEXT         only those whose reason has this text in it
  --since TIME          only those put aside at this time (ISO 8601) or later
  --environment NAME    a folder of environments/; default local
  --environment-file FILE the environment's file in its place
  --catalog PATH        another catalog folder
  --help                this text

Kafka is found by KAFKA_BROKERS and what goes with it (npm start -- --help), as by the services. The user needs the right to read
TOPIC.dead, to join groups that begin with letters., and for --send to write TOPIC.

Exit codes: 0 done, 1 something here must change, 75 trying again may help.`;

const options = {
  send: { type: 'boolean' },
  reason: { type: 'string' },
  since: { type: 'string' },
  environment: { type: 'string' },
  'environment-file': { type: 'string' },
  catalog: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const reasonCharacters = 160;

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = tellFailure(error);
});

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parsed(args);
  if (values.help === true) return print(help);
  const [id] = positionals;
  if (id === undefined || positionals.length > 1)
    throw new ConfigurationError('name one topic: npm run letters -- chain.blocks (--help says more)');
  const sinceMs = values.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(values.since);
  if (Number.isNaN(sinceMs)) throw new ConfigurationError(`--since ${values.since}: must be a time such as 2026-01-31`);
  const { topics, bus: address } = readBus(values);
  const topic = topics.find((each) => each.id === `${id}.dead`);
  if (topic === undefined) {
    const known = topics.flatMap((each) => (each.id.endsWith('.dead') ? [each.id.slice(0, -'.dead'.length)] : []));
    throw new ConfigurationError(`${id}: no topic with dead letters; known are ${known.join(', ')}`);
  }
  const kafka = address.kind === 'networked' ? address.address : undefined;
  if (kafka === undefined) throw new ConfigurationError('set KAFKA_BROKERS: the bus of one process keeps no letters');

  const log = createLogger('error', 'people', process.stdout.isTTY === true);
  await using stopping = new AsyncDisposableStack();
  const bus = await openKafkaBus({ kafka, topics: () => topics, log });
  stopping.defer(() => bus.stop());
  const seen = new Set<string>();
  const counts = { shown: 0, excerpts: 0, sent: 0, unreadable: 0 };
  const isWanted = ({ letter: { topic: of, partition, offset, reason, at } }: FoundLetter): boolean => {
    const place = `${of}/${partition}/${offset}`;
    if (seen.has(place)) return false;
    seen.add(place);
    return reason.includes(values.reason ?? '') && Date.parse(at) >= sinceMs;
  };
  await readKafkaTopic({
    kafka,
    topic,
    log,
    take: async (records) => {
      const found = records.map(({ key, text }) => findLetter(key, text));
      counts.unreadable += found.filter((each) => each === undefined).length;
      const wanted = found.filter((each) => each !== undefined).filter(isWanted);
      for (const each of wanted) print(lineOf(each));
      counts.shown += wanted.length;
      counts.excerpts += wanted.filter(({ isExcerpt }) => isExcerpt).length;
      if (values.send === true) counts.sent += await sendLettersAgain(bus.part, id, wanted);
    },
  }).catch((error: unknown) => {
    if (counts.sent > 0) print(`${counts.sent} letters of ${id} were sent again before it failed`);
    throw error;
  });
  const { shown, excerpts, sent, unreadable } = counts;
  print(
    [
      `${shown} letters of ${id}`,
      ...(values.send === true ? [`${sent} sent again`] : []),
      ...(excerpts > 0
        ? [`${excerpts} are only the beginning of what was refused: their source must tell them anew`]
        : []),
      ...(unreadable > 0 ? [`${unreadable} records of ${topic.id} are no letters`] : []),
    ].join('; '),
  );
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new ConfigurationError(`${describeError(error)}; npm run letters -- --help shows the options`);
  }
}

/** The catalog's topics, and where the bus is that carries them. */
function readBus(values: {
  readonly environment?: string;
  readonly 'environment-file'?: string;
  readonly catalog?: string;
}) {
  const given = ['environment', 'environment-file', 'catalog'] as const;
  const flags = parseFlags(given.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]])));
  const { config, catalog } = readConfig(flags, process.env);
  return { topics: catalog.topics, bus: config.stores.bus };
}

function lineOf({ key, letter: { partition, offset, reason, at, publishedAt }, isExcerpt }: FoundLetter): string {
  const text = reason.length > reasonCharacters ? `${reason.slice(0, reasonCharacters)}…` : reason;
  const line = `${at}  ${key}  partition ${partition}, offset ${offset}, published ${publishedAt}${isExcerpt ? ', cut off' : ''}: ${text}`;
  // Whoever may publish writes keys and reasons: they must not tell a terminal what to do.
  return line.replaceAll(/\p{Cc}+/gu, ' ');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
