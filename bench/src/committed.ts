import { startBareConsumer } from './bare-consumer.ts';

/** Has `commit` run, and returns when the topic holds so many messages with this text. */
export async function commitAndArrive(
  brokers: string,
  topic: string,
  { text, messages }: { readonly text: string; readonly messages: number },
  commit: () => Promise<void>,
): Promise<void> {
  let missing = messages;
  let arrived: () => void;
  const last = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await using _consumer = await startBareConsumer(brokers, topic, { from: 'beginning' }, (some) => {
    missing -= some.filter(({ value }) => value?.includes(text)).length;
    if (missing <= 0) arrived();
  });
  await commit();
  await last;
}
