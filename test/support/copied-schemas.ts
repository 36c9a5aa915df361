/** Two databases as applications that people know have them, simplified; every value begins with {@link VALUE}. */
export interface CopiedSchema {
  readonly userTables: readonly string[];
  readonly friendTables: readonly string[];
  /** Run after all tables exist; USER and FRIEND stand for the databases, `$n` for the row's number. */
  readonly rows: readonly Rows[];
  /** What is proposed: by `copy.key <- source.key`, each column with what it is set from. */
  readonly proposed: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What is left out, `copy.column`, and why. */
  readonly leftOut: Readonly<Record<string, RegExp>>;
  /** Lines of the file besides. */
  readonly lines?: readonly (string | RegExp)[];
}

export interface Rows {
  readonly server: 'user' | 'friend';
  readonly table: string;
  readonly count: number;
  /** SQL of each column; `n` counts from 1. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Not to be found in anything that is written or said. */
export const VALUE = 'zq-';

const MANY = 120;
/** The text of a row's column, and the same but for every 40th row, which is out of date. */
const text = (what: string, n = 'n') => `CONCAT('${VALUE}${what}-', ${n})`;
const mostly = (what: string, n: string) => `IF(n % 40 = 0, '${VALUE}old', ${text(what, n)})`;
/** A key of the source that differs from the copy's own. */
const KEY = `1 + n * 7 % ${MANY}`;
const OTHER = `1 + n * 11 % ${MANY}`;
const uuid = (n: string) => `CONCAT('00000000-0000-4000-8000-', LPAD(${n}, 12, '0'))`;

export const COPIED_SCHEMAS: Readonly<Record<string, CopiedSchema>> = {
  'an IM': {
    userTables: [
      `CREATE TABLE im_user (id BIGINT AUTO_INCREMENT PRIMARY KEY, user_name VARCHAR(255) NOT NULL, nick_name VARCHAR(255) NOT NULL,
         head_img VARCHAR(255) DEFAULT '', password VARCHAR(255) NOT NULL, sex TINYINT, created_time DATETIME)`,
    ],
    friendTables: [
      `CREATE TABLE im_friend (user_id BIGINT, friend_id BIGINT, friend_nick_name VARCHAR(255), friend_head_img VARCHAR(255),
         remark VARCHAR(255), PRIMARY KEY (user_id, friend_id), KEY (friend_id))`,
      `CREATE TABLE im_group_member (id BIGINT AUTO_INCREMENT PRIMARY KEY, group_id BIGINT, user_id BIGINT, user_nick_name VARCHAR(255),
         user_head_img VARCHAR(255), remark_nick_name VARCHAR(255), quit TINYINT DEFAULT 0, KEY (user_id), KEY (group_id))`,
      'CREATE TABLE im_group (id BIGINT PRIMARY KEY, owner_id BIGINT, name VARCHAR(255), head_img VARCHAR(255), KEY (owner_id))',
    ],
    rows: [
      {
        server: 'user',
        table: 'im_user',
        count: MANY,
        columns: {
          user_name: text('login'),
          nick_name: text('nick'),
          head_img: text('img'),
          password: text('secret'),
          sex: 'n % 2',
        },
      },
      {
        server: 'friend',
        table: 'im_friend',
        count: MANY,
        columns: {
          user_id: 'n',
          friend_id: KEY,
          friend_nick_name: mostly('nick', KEY),
          friend_head_img: mostly('img', KEY),
          remark: text('remark'),
        },
      },
      {
        server: 'friend',
        table: 'im_group_member',
        count: MANY,
        columns: {
          group_id: 'n % 9',
          user_id: OTHER,
          user_nick_name: mostly('nick', OTHER),
          user_head_img: mostly('img', OTHER),
        },
      },
      {
        server: 'friend',
        table: 'im_group',
        count: MANY,
        columns: { id: 'n', owner_id: KEY, name: text('group'), head_img: text('group-img') },
      },
    ],
    proposed: {
      'im_friend.friend_id <- im_user.id': { friend_nick_name: 'nick_name', friend_head_img: 'head_img' },
      'im_group_member.user_id <- im_user.id': { user_nick_name: 'nick_name', user_head_img: 'head_img' },
    },
    leftOut: { 'im_group.head_img': /^the same name, .*; 0 of 120 sampled copies hold the same/ },
    lines: [
      /^ +friend_nick_name: nick_name # .*; 117 of 120 sampled copies hold the same$/m,
      'watch: [quit]',
      '- name: user',
    ],
  },

  'a forum': {
    userTables: [
      `CREATE TABLE users (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, username VARCHAR(50) NOT NULL, avatar VARCHAR(255), email VARCHAR(255),
         password_hash VARBINARY(60))`,
      'CREATE TABLE user_texts (id INT UNSIGNED, lang VARCHAR(5), signature VARCHAR(200), PRIMARY KEY (id, lang))',
    ],
    friendTables: [
      `CREATE TABLE posts (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, thread_id INT, user_id INT UNSIGNED NOT NULL, author_name VARCHAR(50),
         author_avatar VARCHAR(255), user_signature VARCHAR(200), body TEXT, KEY (user_id))`,
      `CREATE TABLE threads (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(200), user_id INT UNSIGNED, author_name VARCHAR(50),
         last_poster_id INT UNSIGNED, last_poster_name VARCHAR(30), deleted_at DATETIME, KEY (user_id), KEY (last_poster_id))`,
      'CREATE TABLE reports (id INT AUTO_INCREMENT PRIMARY KEY, reporter_id INT UNSIGNED, reporter_name VARCHAR(50))',
      'CREATE TABLE drafts (id INT AUTO_INCREMENT PRIMARY KEY, author_id INT UNSIGNED, author_name VARCHAR(50), KEY (author_id))',
    ],
    rows: [
      {
        server: 'user',
        table: 'users',
        count: MANY,
        columns: { username: text('user'), avatar: text('avatar'), email: text('mail') },
      },
      {
        server: 'friend',
        table: 'posts',
        count: 3 * MANY,
        columns: { user_id: KEY, author_name: mostly('user', KEY), author_avatar: 'NULL', body: text('body') },
      },
      {
        server: 'friend',
        table: 'threads',
        count: MANY,
        columns: {
          title: text('title'),
          user_id: KEY,
          author_name: text('user', KEY),
          last_poster_id: OTHER,
          last_poster_name: text('user', OTHER),
        },
      },
      {
        server: 'friend',
        table: 'reports',
        count: MANY,
        columns: { reporter_id: KEY, reporter_name: text('user', KEY) },
      },
    ],
    proposed: {
      'drafts.author_id <- users.id': { author_name: 'username' },
      'posts.user_id <- users.id': { author_name: 'username', author_avatar: 'avatar' },
      'threads.last_poster_id <- users.id': { last_poster_name: 'username' },
      'threads.user_id <- users.id': { author_name: 'username' },
    },
    leftOut: {
      'posts.user_signature': /must be the primary key, which is \(id, lang\)/,
      'reports.reporter_name': /no index begins with it; ALTER TABLE `\w+`\.`reports` ADD INDEX \(`reporter_id`\)/,
    },
    lines: [
      /^ +author_name: username # .*; 195 of 200 sampled copies hold the same$/m,
      /^ +author_avatar: avatar # .*; 0 of 200 sampled copies hold the same, 200 are empty$/m,
      /^ +author_name: username # .*; there is nothing to compare yet$/m,
      /^ +# \S+\.threads\.last_poster_name: is shorter than username \(30, 50\)/m,
      'watch: [deleted_at]',
    ],
  },

  'a shop': {
    userTables: [
      'CREATE TABLE customers (id CHAR(36) PRIMARY KEY, name VARCHAR(100), email VARCHAR(190))',
      'CREATE TABLE products (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, title VARCHAR(200), price DECIMAL(10,2), stock INT, status TINYINT)',
    ],
    friendTables: [
      `CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id CHAR(36), customer_name VARCHAR(100), customer_email VARCHAR(190),
         total DECIMAL(12,2), status TINYINT, updated_at TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, KEY (customer_id))`,
      `CREATE TABLE order_items (order_id BIGINT, line SMALLINT, product_id BIGINT UNSIGNED, title VARCHAR(200), price DECIMAL(10,2),
         quantity INT, status TINYINT, PRIMARY KEY (order_id, line), KEY (product_id))`,
      'CREATE TABLE reviews (id BIGINT PRIMARY KEY, customer_id VARCHAR(36), customer_name CHAR(100), KEY (customer_id))',
      'CREATE TABLE tickets (id BIGINT PRIMARY KEY, customer_id BIGINT, customer_name VARCHAR(100), KEY (customer_id))',
    ],
    rows: [
      {
        server: 'user',
        table: 'customers',
        count: MANY,
        columns: { id: uuid('n'), name: text('name'), email: text('mail') },
      },
      {
        server: 'user',
        table: 'products',
        count: MANY,
        columns: { title: text('title'), price: 'n + 1000', status: '1' },
      },
      {
        server: 'friend',
        table: 'orders',
        count: MANY,
        columns: {
          customer_id: uuid(KEY),
          customer_name: mostly('name', KEY),
          customer_email: text('mail', KEY),
          status: '1',
        },
      },
      {
        server: 'friend',
        table: 'order_items',
        count: MANY,
        columns: {
          order_id: 'n',
          line: '1',
          product_id: KEY,
          title: text('title', KEY),
          price: `IF(n > 60, 1000, 900) + ${KEY}`,
          status: '1',
        },
      },
    ],
    proposed: {
      'order_items.product_id <- products.id': { title: 'title' },
      'orders.customer_id <- customers.id': { customer_email: 'email', customer_name: 'name' },
    },
    leftOut: {
      'order_items.price':
        /^the same name, but not whose it is; 60 of 120 sampled copies hold the same: an amount is usually kept as it was on its day$/,
      'reviews.customer_name': /CHAR drops trailing spaces, .* make it VARCHAR/,
      'tickets.customer_name': /bigint cannot hold the source's string key; give both the same type/,
    },
    lines: [
      /^ +# \S+\.orders\.updated_at: changes with every copy that is written/m,
      '- name: customer',
      '- name: product',
    ],
  },

  'tables that are alike': {
    userTables: [
      'CREATE TABLE users (id BIGINT PRIMARY KEY, face VARCHAR(50))',
      'CREATE TABLE Users (Id BIGINT PRIMARY KEY, nick VARCHAR(50))',
      'CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR(50))',
      'CREATE TABLE staff (id BIGINT PRIMARY KEY, name VARCHAR(50))',
    ],
    friendTables: [
      'CREATE TABLE notes (id BIGINT PRIMARY KEY, user_id BIGINT, user_face VARCHAR(50), user_nick VARCHAR(50), KEY (user_id))',
      'CREATE TABLE badges (id BIGINT PRIMARY KEY, owner_id BIGINT, owner_name VARCHAR(50), KEY (owner_id))',
      'CREATE TABLE cards (user_id BIGINT PRIMARY KEY, user_face VARCHAR(50))',
      'CREATE TABLE `值 "x": #1` (n INT PRIMARY KEY, `user-id` BIGINT, `user-nick` VARCHAR(50), KEY (`user-id`))',
    ],
    rows: [],
    proposed: {
      'notes.user_id <- Users.Id': { user_nick: 'nick' },
      '值 "x": #1.user-id <- Users.Id': { 'user-nick': 'nick' },
    },
    leftOut: {
      'badges.owner_name': /; it is as likely of name of \w+\.staff$/,
      'cards.user_face': /the names alone do not tell$/,
      // Kafka would take their topics for one.
      'notes.user_face': /cannot be beside .*; map one of the two tables in a system of its own/,
    },
    lines: ['- name: user'],
  },
};
