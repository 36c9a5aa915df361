ALTER TABLE `server_state` MODIFY `server` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL;
--> statement-breakpoint
SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `server_state` ADD COLUMN `sent_gtids` longtext CHARACTER SET ascii COLLATE ascii_bin, ADD COLUMN `may_heal` tinyint(1) NOT NULL DEFAULT 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'server_state' AND column_name = 'may_heal');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
