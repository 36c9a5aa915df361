import { bigintTypeHook } from '@friend-sync/sync-service/avro-long';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { connectKafka, setOffsets } from '../kafka.ts';
import type { Contender } from './job.ts';

/** It takes a twentieth of the changes: the rest would tell nothing new, and take minutes. */
const SHARE = 1 / 20;

interface Envelope {
  readonly after: { readonly id: bigint | number; readonly nick_name: string; readonly head_img: string };
}

/** What a textbook shows: a consumer that writes each change to the target table when it comes. */
export function oneAtATime(): Contender {
  let runs = 0;
  return {
    id: 'one-at-a-time',
    pid: () => process.pid,
    async run({ world, topic, from, changes }) {
      const { stack, friend } = world;
      const groupId = `bench-one-at-a-time-${process.pid}-${++runs}`;
      await setOffsets(stack.kafkaBrokers, groupId, topic, from);
      const registry = new SchemaRegistry(
        { host: `${stack.registryUrl}/apis/ccompat/v7` },
        { [SchemaType.AVRO]: { typeHook: bigintTypeHook } },
      );
      const consumer = connectKafka(stack.kafkaBrokers).consumer({ groupId });
      const wanted = Math.round(changes * SHARE);
      const final = new Map<number, number>();
      let seen = 0;
      await consumer.connect();
      await consumer.subscribe({ topic });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        consumer
          .run({
            eachMessage: async ({ message }) => {
              if (seen >= wanted || !message.value) return;
              const { after }: Envelope = await registry.decode(message.value);
              await friend.write(
                'one at a time',
                'UPDATE friend_db.im_friend SET friend_nick_name = ?, friend_head_img = ? WHERE friend_id = ?',
                [after.nick_name, after.head_img, String(after.id)],
              );
              final.set(Number(after.id), Number(after.nick_name.split(' ').at(-1)));
              if (++seen === wanted) resolve();
            },
          })
          .catch(reject);
      });
      await consumer.disconnect();
      return { changes: wanted, final };
    },
  };
}
