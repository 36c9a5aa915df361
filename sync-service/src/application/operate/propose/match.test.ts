import { expect, test } from 'vitest';
import type { ShapeColumn, TableShape } from '../../../domain/table-shape.ts';
import { guessCopies } from './match.ts';

/** A table `name: column type, …`; the columns of its primary key end with a star. */
function table(text: string): TableShape {
  const [name = '', columns = ''] = text.split(': ');
  return { name, kind: 'BASE TABLE', createdAt: '', columns: columns.split(', ').map(toColumn) };
}

function toColumn(text: string): ShapeColumn {
  const [name = '', type = 'varchar'] = text.replace('*', '').split(' ');
  return {
    name,
    dataType: type,
    columnType: type,
    maxLength: null,
    charset: null,
    collation: null,
    isNullable: true,
    defaultValue: null,
    extra: '',
    isPrimary: text.endsWith('*'),
    isReadable: true,
  };
}

/** Each guess as `foreign key > source: column=from grade …`. */
const guesses = (sources: readonly string[], target: string) =>
  guessCopies(sources.map(table), [table(target)]).map(
    ({ foreignKey, source, pairs }) =>
      `${foreignKey} > ${source.name}: ${pairs.map(({ column, from, likeness }) => `${column}=${from} ${likeness}`).join(', ')}`,
  );

const IM = 'u.im_user: id bigint*, user_name, nick_name, head_img, password, sex tinyint';
const FORUM = 'u.users: id int*, username, avatar, email';

test.each([
  [
    'the role in front of both',
    [IM],
    'f.im_friend: user_id bigint*, friend_id bigint*, friend_nick_name, friend_head_img, remark',
    [
      'friend_id > u.im_user: friend_nick_name=user_name likely, friend_nick_name=nick_name clear, friend_head_img=head_img clear',
    ],
  ],
  [
    'a role of which there is no key, in a table with one key',
    [FORUM],
    'f.posts: id bigint*, user_id int, author_name, author_avatar, title, body text',
    ['user_id > u.users: author_name=username clear, author_avatar=avatar clear, title=username vague'],
  ],
  [
    'two keys: what names one of them is its own, what names none of them may be of either',
    [FORUM],
    'f.threads: id*, user_id int, author_name, last_poster_id int, last_poster_name',
    [
      'user_id > u.users: author_name=username clear',
      'last_poster_id > u.users: author_name=username clear, last_poster_name=username clear',
    ],
  ],
  [
    'camel case, other words for the same, names that are written as one',
    ['u.Members: memberId*, nickname, faceUrl, mobile'],
    'f.Comment: id*, authorId, authorNickName, authorAvatar, authorPhone',
    ['authorId > u.Members: authorNickName=nickname clear, authorAvatar=faceUrl likely, authorPhone=mobile likely'],
  ],
  [
    'what has no owner in its name is the less of a copy the more tables have it',
    ['u.products: id bigint*, title, sku, price decimal'],
    'f.order_items: order_id bigint*, line smallint*, product_id bigint, title, sku, price decimal',
    ['product_id > u.products: title=title vague, sku=sku unsaid, price=price unsaid'],
  ],
  [
    'a group has a name of its own, and so has what the group key names',
    [IM],
    'f.im_group_member: id*, group_id bigint, group_name, user_id bigint, user_nick_name, owner_level',
    ['user_id > u.im_user: user_nick_name=user_name likely, user_nick_name=nick_name clear'],
  ],
  [
    'a key that is called as the key of the source',
    ['u.profile: member_no*, real_name'],
    'f.ticket: id*, member_no, member_real_name',
    ['member_no > u.profile: member_real_name=real_name clear'],
  ],
  [
    'the bare role is the name of who has it',
    ['u.common_member: uid mediumint*, username char'],
    'f.forum_post: pid int*, authorid mediumint, author, subject',
    ['authorid > u.common_member: author=username likely'],
  ],
  [
    'a row that has the key as its own has a name of its own; a flag is no key',
    [FORUM],
    'f.profiles: user_id int*, user_name, is_admin tinyint, admin_name',
    ['user_id > u.users: user_name=username vague, admin_name=username vague'],
  ],
  [
    'nothing is guessed of passwords, and of tables that no key names',
    [IM, 'u.log: id*, ip'],
    'f.a: id*, x_id, user_id, password',
    [],
  ],
  [
    'a table is no copy of itself',
    ['s.users: id*, parent_user_id, user_name'],
    's.users: id*, parent_user_id, user_name',
    [],
  ],
])('copies are guessed by names: %s', (_, sources, target, expected) => {
  expect(guesses(sources, target)).toEqual(expected);
});

test('a source whose primary key is not one column is guessed by what is called its key', () => {
  const [guess] = guessCopies([table('u.users: id*, lang*, name')], [table('f.posts: n*, user_id, user_name')]);
  expect(guess).toMatchObject({ key: 'id', foreignKey: 'user_id', relation: 'names the table' });
  expect(guesses(['u.users: lang*, name*'], 'f.posts: n*, user_id, user_name')).toEqual([]);
});
