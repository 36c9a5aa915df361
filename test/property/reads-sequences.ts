import type { LookAction, ReadsAction, ReadsDelivery } from './reads-actions.ts';
import type { Row } from './source-log.ts';
import type { Fate } from './told-source.ts';

const KEY = 2;
const change = (fate: Fate, columns: (keyof Row)[] = ['nick', 'avatar']): ReadsAction => ({
  do: 'change',
  key: KEY,
  columns,
  fate,
});
const send: ReadsAction = { do: 'send', count: 9, behind: 0 };
const rewind: ReadsAction = { do: 'rewind', partition: 0, to: 0 };
const wake: ReadsAction = { do: 'wake', stalled: 0 };
const ask: ReadsAction = { do: 'ask', key: KEY, takesGone: false };

const PLAIN = { partition: 0, count: 9, isFanOutIdle: false, isMended: false, locked: undefined, cut: undefined };
const deliver = (more: Partial<ReadsDelivery> = {}): ReadsAction => ({ do: 'deliver', ...PLAIN, ...more });

/** The steps of a look that is a round: it claims, observes, reads, passes the barrier, waits for ingest, and writes. */
const UP_TO = { observe: 2, read: 3, barrier: 5, ingested: 6, write: 7 };
const look = (reader: number, steps: number, more: Partial<LookAction> = {}): ReadsAction => ({
  do: 'look',
  ...{ reader, steps, isRound: true, keepsObservation: false, fate: 'runs', locked: undefined, ...more },
});
const setAside = (reader: number): ReadsAction => ({ do: 'set aside', reader });

/** What random sequences may miss, each by what would have gone wrong. */
export const SEQUENCES: readonly (readonly [string, readonly ReadsAction[]])[] = [
  [
    'of two readers of a row that the mirror lacks, the one that read earlier writes last',
    [change('lost'), send, look(0, UP_TO.ingested), setAside(0), change('lost'), send, look(1, UP_TO.write), wake],
  ],
  [
    'a row that nobody has heard of is gone before the reader that stalls writes it',
    [change('lost'), look(0, UP_TO.read), setAside(0), { do: 'delete', key: KEY, fate: 'lost' }, send],
  ],
  [
    'two readers of a row that the mirror lacks write at the same time',
    [
      change('lost'),
      send,
      look(1, UP_TO.ingested),
      change('lost'),
      send,
      look(0, UP_TO.ingested),
      { do: 'together', count: 1 },
    ],
  ],
  [
    'a message comes while a reader stalls before it compares',
    [
      change('right'),
      send,
      deliver(),
      change('lost'),
      look(0, UP_TO.read, { fate: 'stalls' }),
      change('right'),
      send,
      deliver(),
      look(0, UP_TO.write),
    ],
  ],
  [
    'the store is restored, and its numbers are those of a reader that observed it before',
    [
      { do: 'back up' },
      change('lost'),
      send,
      look(0, UP_TO.write),
      change('lost'),
      send,
      look(1, UP_TO.ingested),
      { do: 'restore' },
      change('lost'),
      send,
      look(0, UP_TO.write),
      look(1, 1),
    ],
  ],
  [
    'the store is restored to before what the barrier waited for',
    [
      change('right'),
      send,
      deliver(),
      look(0, UP_TO.observe),
      { do: 'back up' },
      change('right'),
      change('lost'),
      send,
      deliver(),
      look(0, UP_TO.ingested - UP_TO.observe),
      { do: 'restore' },
      look(0, 1),
      deliver(),
      deliver(),
    ],
  ],
  [
    'a new epoch begins, and the topic is rewound to its start',
    [change('right'), change('right'), send, deliver(), { do: 'epoch' }, rewind, deliver(), deliver()],
  ],
  [
    'a column that is unknown was said after a reader had read it',
    [
      change('unknown'),
      send,
      deliver(),
      look(0, UP_TO.read),
      change('right'),
      change('unknown', ['nick']),
      send,
      deliver({ count: 1 }),
      deliver({ count: 1 }),
      look(0, UP_TO.write - UP_TO.read),
    ],
  ],
  [
    'a key is asked for while a reader has its row',
    [change('right'), send, deliver(), ask, look(0, UP_TO.read, { isRound: false }), change('lost'), ask, look(0, 1)],
  ],
  [
    'a message that could not be decoded can be decoded after a rewind',
    [
      change('right'),
      change('undecodable'),
      send,
      deliver(),
      change('lost'),
      send,
      look(0, UP_TO.write),
      rewind,
      deliver(),
      deliver({ isMended: true }),
    ],
  ],
];
