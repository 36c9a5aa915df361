SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `due_key` ADD COLUMN `refused` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'due_key' AND column_name = 'refused');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
