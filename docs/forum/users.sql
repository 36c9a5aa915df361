-- The user service's database of the guide (docs/guide.md): members, each with a name and an avatar.
CREATE DATABASE forum_users;
USE forum_users;

CREATE TABLE users (
  id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(190) NOT NULL UNIQUE,
  password_hash CHAR(60) CHARACTER SET ascii NOT NULL,
  display_name VARCHAR(50) NOT NULL,
  avatar_url VARCHAR(200) DEFAULT '/avatars/none.png',
  joined_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO users (id, email, password_hash, display_name, avatar_url)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
SELECT n, CONCAT('member', n, '@example.org'), REPEAT('x', 60), CONCAT('Member ', n),
  CASE WHEN n % 5 = 0 THEN NULL WHEN n % 3 = 0 THEN '/avatars/none.png' ELSE CONCAT('/avatars/', n, '.png') END
FROM numbers;
