import type { Mapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { describePlace, parsePlace } from './place.ts';

const copies = [{ id: 'friend.friend_id' }, { id: 'friend.friend' }];
const mapping = { sources: [{ name: 'account', copies }] } as unknown as Mapping;

test('a place that was told is understood, whatever its key is; another is none', () => {
  for (const after of [[], ['7'], ['a:b c'], ['']]) {
    const place = { source: 'account', copy: 'friend.friend', after };
    expect(parsePlace(describePlace(place), mapping)).toEqual(place);
  }
  for (const text of ['', 'account', 'account:friend', 'team:friend.friend:7'])
    expect(parsePlace(text, mapping)).toBe(undefined);
});
