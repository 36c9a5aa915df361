SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `pending` ADD COLUMN `waits_for` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin, ADD KEY `pending_waits` (`source`, `waits_for`)')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'pending' AND column_name = 'waits_for');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
