import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { exists } from './cache.ts';
import { java } from './environment.ts';
import type { JavaFolders } from './java-downloads.ts';
import type { Part, PartPlace } from './part.ts';
import { run } from './program.ts';

/** Any base64 UUID will do: the cluster is this one folder. */
const CLUSTER_ID = 'ZnJpZW5kLXN5bmMtMDAwMA';

/** Flags that start a small JVM fast. */
export const SMALL_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.awt.headless=true'];

/** One Kafka node that is broker and controller. Topics are never created by accident. */
export function kafkaPart(folders: JavaFolders): Part {
  return {
    name: 'kafka',
    stopSignal: 'SIGTERM',

    async prepare(place) {
      const { dir } = place;
      await mkdir(dir, { recursive: true });
      const properties = join(dir, 'server.properties');
      const logging = join(dir, 'log4j2.properties');
      const data = join(dir, 'data');
      await writeFile(properties, serverProperties(data, place));
      await writeFile(logging, loggingProperties());
      const jvm = [
        ...SMALL_JVM,
        '-Xms128m',
        '-Xmx384m',
        `-Dlog4j2.configurationFile=${logging}`,
        '-cp',
        `${folders.kafka}/*`,
      ];
      if (!(await exists(join(data, 'meta.properties')))) {
        await run(java, [
          ...jvm,
          'kafka.tools.StorageTool',
          'format',
          '-t',
          CLUSTER_ID,
          '-c',
          properties,
          '--ignore-formatted',
        ]);
      }
      return { command: java, args: [...jvm, 'kafka.Kafka', properties] };
    },

    isReady: ({ ports }) => accepts(ports.kafka),
  };
}

/** Logs to stdout, which is the part's log file. */
export function loggingProperties(): string {
  return `rootLogger.level=info
rootLogger.appenderRefs=stdout
rootLogger.appenderRef.stdout.ref=stdout
appenders=stdout
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
# Connect's access lines: somebody asks several times a second.
logger.access.name=org.apache.kafka.connect.runtime.rest.RestServer
logger.access.level=warn
# Lines by the thousand: the settings of each client, beside what they are given, and each client's beginning and end.
logger.settings.name=org.apache.kafka.common.config.AbstractConfig
logger.settings.level=warn
logger.metrics.name=org.apache.kafka.common.metrics.Metrics
logger.metrics.level=warn
logger.versions.name=org.apache.kafka.common.utils.AppInfoParser
logger.versions.level=warn
# It tells, as errors, of converters inside a plugin that nobody uses. One that is used and missing is told of by its connector.
logger.plugins.name=org.apache.kafka.connect.runtime.isolation.PluginScanner
logger.plugins.level=off
`;
}

function serverProperties(data: string, { ports: { kafka: port }, controllerPort, proxiedKafka }: PartPlace): string {
  const proxied = (proxiedPort: number | undefined) =>
    proxiedPort === undefined ? '' : `,PROXIED://127.0.0.1:${proxiedPort}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${proxied(proxiedKafka?.port)}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}${proxied(proxiedKafka?.advertised)}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${proxiedKafka ? ',PROXIED:PLAINTEXT' : ''}
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
