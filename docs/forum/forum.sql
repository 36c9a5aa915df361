-- The forum's database of the guide (docs/guide.md). It lists threads and posts without asking the user service, so it keeps
-- names and avatars beside them, of which some are out of date.
CREATE DATABASE forum;
USE forum;

CREATE TABLE threads (
  board VARCHAR(20) NOT NULL,
  number MEDIUMINT UNSIGNED NOT NULL,
  subject VARCHAR(200) NOT NULL,
  author_id BIGINT NOT NULL,
  author_name VARCHAR(80),
  last_poster_id INT UNSIGNED,
  last_poster_name VARCHAR(191) DEFAULT 'nobody yet',
  PRIMARY KEY (board, number),
  KEY (author_id),
  KEY (last_poster_id)
);

CREATE TABLE posts (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  board VARCHAR(20) NOT NULL,
  thread MEDIUMINT UNSIGNED NOT NULL,
  author_id INT UNSIGNED NOT NULL,
  author_name VARCHAR(50) NOT NULL DEFAULT '',
  author_avatar VARCHAR(255) DEFAULT '/avatars/none.png',
  body TEXT,
  KEY (author_id)
);

INSERT INTO threads (board, number, subject, author_id, author_name, last_poster_id, last_poster_name)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 400)
SELECT IF(n % 2, 'cooking', 'travel'), n, CONCAT('Subject ', n), 1 + n * 7 % 500, CONCAT('Member ', 1 + n * 7 % 500),
  IF(n % 10 = 0, NULL, 1 + n * 11 % 500), IF(n % 10 = 0, 'nobody yet', CONCAT('Member ', 1 + n * 11 % 500))
FROM numbers;

INSERT INTO posts (board, thread, author_id, author_name, author_avatar, body)
WITH RECURSIVE numbers AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 999)
SELECT IF(n % 2, 'cooking', 'travel'), 1 + n % 400, 1 + n * 13 % 500, IF(n % 50 = 0, 'Old name', CONCAT('Member ', 1 + n * 13 % 500)),
  CONCAT('/avatars/', 1 + n * 13 % 500, '.png'), 'Hello'
FROM numbers;
