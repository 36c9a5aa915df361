/**
 * Tables with people in them as public projects create them, in the spelling of their own installers: what a user of
 * friend-sync would map. The connector must picture each as the server has it.
 */
export const PUBLIC_TABLES: Readonly<Record<string, string>> = {
  'box-im': `CREATE TABLE im_user (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY comment 'id',
    user_name varchar(255) NOT NULL comment '用户名',
    nick_name varchar(255) NOT NULL comment '用户昵称',
    head_image varchar(255) DEFAULT '' comment '用户头像',
    head_image_thumb varchar(255) DEFAULT '' comment '用户头像缩略图',
    password varchar(255) NOT NULL comment '密码',
    sex tinyint(1) DEFAULT 0 comment '性别 0:男 1:女',
    is_banned tinyint(1) DEFAULT 0,
    signature varchar(1024) DEFAULT '' comment '个性签名',
    last_login_time datetime DEFAULT null,
    created_time datetime DEFAULT CURRENT_TIMESTAMP,
    unique key idx_user_name (user_name), key idx_nick_name (nick_name)
  ) ENGINE=InnoDB CHARSET=utf8mb4 comment '用户'`,
  RuoYi: `CREATE TABLE sys_user (
    user_id           bigint(20)      not null auto_increment    comment '用户ID',
    dept_id           bigint(20)      default null,
    user_name         varchar(30)     not null,
    nick_name         varchar(30)     not null,
    user_type         varchar(2)      default '00',
    email             varchar(50)     default '',
    sex               char(1)         default '0',
    avatar            varchar(100)    default '',
    password          varchar(100)    default '',
    status            char(1)         default '0',
    login_date        datetime,
    remark            varchar(500)    default null,
    primary key (user_id)
  ) engine=innodb auto_increment=100 comment = '用户信息表'`,
  JeecgBoot: `CREATE TABLE sys_user_jeecg (
    \`id\` varchar(32) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NOT NULL COMMENT '主键id',
    \`username\` varchar(100) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NULL DEFAULT NULL,
    \`realname\` varchar(100) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NULL DEFAULT NULL,
    \`avatar\` varchar(255) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NULL DEFAULT NULL,
    \`birthday\` datetime(0) NULL DEFAULT NULL,
    \`sex\` tinyint(1) NULL DEFAULT NULL,
    PRIMARY KEY (\`id\`) USING BTREE,
    UNIQUE INDEX \`uniq_sys_user_username\`(\`username\`) USING BTREE
  ) ENGINE = InnoDB CHARACTER SET = utf8mb3 COLLATE = utf8mb3_general_ci ROW_FORMAT = Dynamic`,
  mall: `CREATE TABLE ums_member (
    \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
    \`username\` varchar(64) DEFAULT NULL COMMENT '用户名',
    \`nickname\` varchar(64) DEFAULT NULL COMMENT '昵称',
    \`icon\` varchar(500) DEFAULT NULL COMMENT '头像',
    \`gender\` int(1) DEFAULT NULL,
    \`growth\` int(11) DEFAULT NULL,
    PRIMARY KEY (\`id\`), UNIQUE KEY \`idx_username\` (\`username\`)
  ) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8`,
  OpenIM: `CREATE TABLE users (user_id varchar(64) NOT NULL, name varchar(255) DEFAULT NULL, face_url varchar(255) DEFAULT NULL,
    gender int DEFAULT NULL, birth datetime(3) DEFAULT NULL, ex varchar(1024), create_time datetime(3), app_manger_level bigint,
    global_recv_msg_opt int DEFAULT '0', PRIMARY KEY (user_id))`,
  WordPress: `CREATE TABLE wp_users (
    ID bigint(20) unsigned NOT NULL auto_increment,
    user_login varchar(60) NOT NULL default '',
    user_pass varchar(255) NOT NULL default '',
    user_nicename varchar(50) NOT NULL default '',
    user_url varchar(100) NOT NULL default '',
    user_status int(11) NOT NULL default '0',
    display_name varchar(250) NOT NULL default '',
    PRIMARY KEY  (ID), KEY user_login_key (user_login), KEY user_nicename (user_nicename)
  ) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`,
  Magento: `CREATE TABLE customer_entity (
    \`entity_id\` int UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'Entity ID',
    \`website_id\` smallint UNSIGNED DEFAULT NULL,
    \`email\` varchar(255) DEFAULT NULL,
    \`group_id\` smallint UNSIGNED NOT NULL DEFAULT '0',
    \`created_at\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    \`updated_at\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    \`firstname\` varchar(255) DEFAULT NULL,
    \`gender\` smallint UNSIGNED DEFAULT NULL,
    \`balance\` decimal(20,4) NOT NULL DEFAULT '0.0000',
    PRIMARY KEY (\`entity_id\`)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COMMENT='Customer Entity'`,
  phpBB: `CREATE TABLE phpbb_users (
    user_id int(10) UNSIGNED NOT NULL auto_increment,
    user_type tinyint(2) DEFAULT '0' NOT NULL,
    user_permissions mediumtext NOT NULL,
    user_ip varchar(40) DEFAULT '' NOT NULL,
    username varchar(255) DEFAULT '' NOT NULL,
    user_posts mediumint(8) UNSIGNED DEFAULT '0' NOT NULL,
    user_avatar varchar(255) DEFAULT '' NOT NULL,
    user_timezone decimal(5,2) DEFAULT '0' NOT NULL,
    user_sig mediumtext NOT NULL,
    PRIMARY KEY (user_id)
  ) CHARACTER SET utf8 COLLATE utf8_bin`,
  Discuz: `CREATE TABLE pre_common_member (
    uid mediumint(8) unsigned NOT NULL auto_increment,
    email char(40) NOT NULL DEFAULT '',
    username char(15) NOT NULL DEFAULT '',
    status tinyint(1) NOT NULL DEFAULT '0',
    avatarstatus tinyint(1) NOT NULL DEFAULT '0',
    credits int(10) NOT NULL DEFAULT '0',
    timeoffset char(4) NOT NULL DEFAULT '',
    PRIMARY KEY (uid)
  ) ENGINE=INNODB DEFAULT CHARSET=gbk`,
  MediaWiki: `CREATE TABLE user (
    user_id INT UNSIGNED AUTO_INCREMENT NOT NULL,
    user_name VARBINARY(255) DEFAULT '' NOT NULL,
    user_real_name VARBINARY(255) DEFAULT '' NOT NULL,
    user_password TINYBLOB NOT NULL,
    user_touched BINARY(14) NOT NULL,
    user_is_temp TINYINT(1) DEFAULT 0 NOT NULL,
    UNIQUE INDEX user_name (user_name),
    PRIMARY KEY(user_id)
  ) DEFAULT CHARSET=binary`,
  Drupal: `CREATE TABLE users_field_data (
    \`uid\` INT unsigned NOT NULL, \`langcode\` VARCHAR(12) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
    \`name\` VARCHAR(60) NOT NULL, \`status\` TINYINT NULL DEFAULT NULL, \`created\` INT NOT NULL,
    PRIMARY KEY (\`uid\`)
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COMMENT 'The data table for user entities.'`,
  Joomla: `CREATE TABLE \`#__users\` (
    \`id\` int NOT NULL AUTO_INCREMENT, \`name\` varchar(400) NOT NULL DEFAULT '', \`block\` tinyint NOT NULL DEFAULT 0,
    \`registerDate\` datetime NOT NULL, \`params\` text NOT NULL, PRIMARY KEY (\`id\`), KEY \`idx_name\` (\`name\`(100))
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 DEFAULT COLLATE=utf8mb4_unicode_ci`,
  Nextcloud: `CREATE TABLE oc_accounts (id INT UNSIGNED AUTO_INCREMENT NOT NULL, user_id VARCHAR(64) DEFAULT '' NOT NULL,
    display_name VARCHAR(64) DEFAULT NULL, data LONGTEXT NOT NULL, hidden SMALLINT DEFAULT 0, UNIQUE INDEX u (user_id),
    PRIMARY KEY(id)) DEFAULT CHARACTER SET utf8mb4 COLLATE \`utf8mb4_bin\` ENGINE = InnoDB ROW_FORMAT = compressed`,
  Gitea: `CREATE TABLE IF NOT EXISTS \`gitea_user\` (\`id\` BIGINT(20) PRIMARY KEY AUTO_INCREMENT NOT NULL, \`lower_name\` VARCHAR(255)
    NOT NULL, \`name\` VARCHAR(255) NOT NULL, \`is_admin\` TINYINT(1) NULL, \`avatar\` VARCHAR(2048) NOT NULL, \`use_custom_avatar\` TINYINT(1) NULL,
    \`created_unix\` BIGINT(20) NULL) ENGINE=InnoDB DEFAULT CHARSET utf8mb4 ROW_FORMAT=DYNAMIC`,
  Mattermost: `CREATE TABLE Users (Id varchar(26) NOT NULL, Username varchar(64) DEFAULT NULL, Nickname varchar(64) DEFAULT NULL,
    EmailVerified tinyint(1) DEFAULT NULL, Props json DEFAULT NULL, LastPictureUpdate bigint DEFAULT NULL,
    Position varchar(128) DEFAULT NULL, FULLTEXT KEY idx_users_all_txt (Username, Nickname), PRIMARY KEY (Id))`,
  Ghost: `CREATE TABLE ghost_users (\`id\` varchar(24) not null, \`name\` varchar(191) not null, \`profile_image\` varchar(2000) null,
    \`bio\` text null, \`visibility\` varchar(50) not null default 'public', \`comment_notifications\` boolean not null default '1',
    primary key (\`id\`)) default character set utf8mb4`,
  Laravel: `create table laravel_users (\`id\` bigint unsigned not null auto_increment primary key, \`name\` varchar(255) not null,
    \`avatar\` varchar(255) null, \`created_at\` timestamp null) default character set utf8mb4 collate 'utf8mb4_unicode_ci'`,
  Django: `CREATE TABLE \`auth_user\` (\`id\` integer AUTO_INCREMENT NOT NULL PRIMARY KEY, \`last_login\` datetime(6) NULL, \`is_superuser\` bool
    NOT NULL, \`username\` varchar(150) NOT NULL UNIQUE, \`rank\` integer UNSIGNED NOT NULL CHECK (\`rank\` >= 0),
    \`score\` double precision NOT NULL, \`photo\` longblob NOT NULL, \`token\` char(32) NOT NULL)`,
  Rails: `CREATE TABLE \`rails_users\` (\`id\` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, \`name\` varchar(255), \`admin\` tinyint(1) DEFAULT 0,
    \`rating\` float(24), \`data\` blob, \`slug\` varchar(255) COLLATE utf8mb4_bin) CHARSET=utf8mb4`,
  Keycloak: `CREATE TABLE USER_ENTITY (ID VARCHAR(36) NOT NULL, EMAIL VARCHAR(255) NULL, EMAIL_VERIFIED BIT(1) DEFAULT 0 NOT NULL,
    FIRST_NAME VARCHAR(255) CHARACTER SET utf8 NULL, CREATED_TIMESTAMP BIGINT NULL, CONSTRAINT PK_USER PRIMARY KEY (ID))`,
  Moodle: `CREATE TABLE mdl_user (id BIGINT(10) NOT NULL auto_increment, confirmed TINYINT(1) NOT NULL DEFAULT 0,
    firstname VARCHAR(100) NOT NULL DEFAULT '', picture BIGINT(10) NOT NULL DEFAULT 0, description LONGTEXT,
    CONSTRAINT PRIMARY KEY (id), UNIQUE KEY mdl_user_uk (firstname)) ENGINE = InnoDB DEFAULT COLLATE = utf8mb4_unicode_ci ROW_FORMAT=Compressed
    COMMENT='One record for each person'`,
  XenForo: `CREATE TABLE xf_user (user_id INT UNSIGNED AUTO_INCREMENT, username VARCHAR(50) NOT NULL,
    user_state ENUM('valid','email_confirm','disabled') NOT NULL DEFAULT 'valid', flags SET('a','b') NOT NULL DEFAULT '',
    secondary_group_ids VARBINARY(255) NOT NULL, reaction_score INT NOT NULL DEFAULT 0, vote TINYINT(3) UNSIGNED ZEROFILL,
    PRIMARY KEY (user_id)) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
  'every other spelling': `CREATE TABLE \`拼写 "x"\` (
    \`Id\` SERIAL PRIMARY KEY, \`昵称\` NATIONAL VARCHAR(20), \`b\`\`t\` NCHAR(4), nv NVARCHAR(5), ncv NATIONAL CHAR VARYING(6), cv CHARACTER VARYING(7),
    ch CHAR, c1 CHARACTER(3), l LONG VARCHAR, lb LONG VARBINARY, vb VARCHAR(9) BINARY, tx TEXT(100), bl BLOB(10), bi BINARY, i1 INT1, i2 INT2 UNSIGNED,
    i3 MIDDLEINT, i4 INT4 ZEROFILL, i8 INT8, d1 DEC, d2 FIXED(6,2), d3 NUMERIC(9) UNSIGNED, b BOOLEAN,
    full_name VARCHAR(40) GENERATED ALWAYS AS (CONCAT(\`昵称\`, cv)) VIRTUAL, st INT AS (i4 + 1) STORED, hidden INT INVISIBLE,
    e ENUM('a','it''s','中'), p POINT, ip VARBINARY(16), j JSON, y YEAR, t TIME(3)) AUTO_INCREMENT=7`,
};

/** What their later versions do to such a table; T is its name. */
export const PUBLIC_ALTERS: readonly string[] = [
  "ALTER TABLE T ADD COLUMN `added` VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'x' FIRST, ADD KEY k_added (`added`(20))",
  'ALTER TABLE T ADD (a1 INT UNSIGNED NULL, a2 TEXT)',
  'ALTER TABLE T MODIFY a2 MEDIUMTEXT NULL AFTER `added`, RENAME COLUMN a1 TO a3',
  "ALTER TABLE T CHANGE a3 A4 BIGINT NOT NULL DEFAULT '0', ALTER COLUMN `added` DROP DEFAULT",
  'CREATE INDEX k_a4 ON T (A4)',
  'ALTER TABLE T CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
  'ALTER TABLE T DROP KEY k_added, DROP COLUMN `added`, ENGINE=InnoDB',
];
