-- Run once, when the server of friend_db is empty. mysql-users.sh has created our users before.
CREATE DATABASE friend_db;
CREATE TABLE friend_db.im_friend (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  friend_id BIGINT NOT NULL,
  friend_nick_name VARCHAR(64),
  friend_head_img VARCHAR(255),
  UNIQUE KEY (user_id, friend_id),
  KEY (friend_id)
);
CREATE TABLE friend_db.im_group_member (
  group_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  user_nick_name VARCHAR(64),
  user_head_img VARCHAR(255),
  quit TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (group_id, user_id),
  KEY (user_id)
);
-- Copies that know nothing yet: `friend-sync backfill --all` fills them.
INSERT INTO friend_db.im_friend (user_id, friend_id) VALUES (1, 2), (1, 3), (2, 1), (3, 1);
INSERT INTO friend_db.im_group_member (group_id, user_id) VALUES (1, 1), (1, 2), (1, 3);

-- What `friend-sync grants` prints.
GRANT ALL ON `friend\_sync`.* TO 'friend_sync'@'%';
GRANT SELECT ON `friend_db`.`im_friend` TO 'friend_sync'@'%';
GRANT UPDATE (`friend_nick_name`, `friend_head_img`) ON `friend_db`.`im_friend` TO 'friend_sync'@'%';
GRANT SELECT ON `friend_db`.`im_group_member` TO 'friend_sync'@'%';
GRANT UPDATE (`user_nick_name`, `user_head_img`) ON `friend_db`.`im_group_member` TO 'friend_sync'@'%';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'friend_sync_late_copies'@'%';
GRANT REFERENCES ON `friend_db`.`im_friend` TO 'friend_sync_late_copies'@'%';
GRANT REFERENCES ON `friend_db`.`im_group_member` TO 'friend_sync_late_copies'@'%';
