SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0', 'ALTER TABLE `daemon` ADD COLUMN `condition` mediumtext CHARACTER SET utf8mb4')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'daemon' AND column_name = 'condition');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
