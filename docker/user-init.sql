-- Run once, when the server of user_db is empty. mysql-users.sh has created our user before.
CREATE DATABASE user_db;
CREATE TABLE user_db.im_user (
  id BIGINT PRIMARY KEY,
  user_name VARCHAR(64) NOT NULL,
  password VARCHAR(255) NOT NULL,
  nick_name VARCHAR(64) NOT NULL,
  head_img VARCHAR(255) NOT NULL DEFAULT '',
  phone VARCHAR(20)
);
INSERT INTO user_db.im_user (id, user_name, password, nick_name, head_img) VALUES
  (1, 'ann', 'example', 'Ann', 'https://img.example/1.png'),
  (2, 'bo', 'example', 'Bo', 'https://img.example/2.png'),
  (3, 'chen', 'example', 'Chen', 'https://img.example/3.png');

-- What `friend-sync grants` prints.
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'friend_sync_source'@'%';
GRANT SELECT (`id`, `head_img`, `nick_name`) ON `user_db`.`im_user` TO 'friend_sync_source'@'%';
GRANT REFERENCES ON `user_db`.`im_user` TO 'friend_sync_source'@'%';
