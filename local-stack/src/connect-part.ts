import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { java } from './environment.ts';
import type { JavaFolders } from './java-downloads.ts';
import { loggingProperties, SMALL_JVM } from './kafka-part.ts';
import type { Part, PartPlace } from './part.ts';
import { answers } from './registry-part.ts';

/** One Kafka Connect worker with Debezium's MySQL connector and the Avro converter; secrets come from its environment. */
export function connectPart(folders: JavaFolders): Part {
  return {
    name: 'connect',
    stopSignal: 'SIGTERM',

    async prepare(place) {
      const { dir, connectEnv } = place;
      await mkdir(dir, { recursive: true });
      const properties = join(dir, 'connect.properties');
      const logging = join(dir, 'log4j2.properties');
      await writeFile(properties, workerProperties(folders['connect-plugins'], place));
      await writeFile(logging, loggingProperties());
      const jvm = [
        ...SMALL_JVM,
        '-Xms256m',
        '-Xmx640m',
        `-Dlog4j2.configurationFile=${logging}`,
        '-cp',
        `${folders.kafka}/*`,
      ];
      return {
        command: java,
        args: [...jvm, 'org.apache.kafka.connect.cli.ConnectDistributed', properties],
        env: connectEnv,
      };
    },

    isReady: ({ ports }) => answers(`http://127.0.0.1:${ports.connect}/connectors`),
  };
}

function workerProperties(plugins: string, { ports, exactlyOnceSource, morePlugins = [] }: PartPlace): string {
  return `bootstrap.servers=127.0.0.1:${ports.kafka}
listeners=http://127.0.0.1:${ports.connect}
rest.advertised.host.name=127.0.0.1
plugin.path=${[plugins, ...morePlugins].join(',')}
plugin.discovery=service_load
group.id=connect
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
offset.storage.segment.bytes=1048576
status.storage.partitions=1
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
exactly.once.source.support=${exactlyOnceSource ? 'enabled' : 'disabled'}
offset.flush.interval.ms=1000
scheduled.rebalance.max.delay.ms=0
connector.client.config.override.policy=All
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.env.param.allowlist.pattern=FRIEND_SYNC_.*
`;
}
