SET @friend_sync_ddl = (SELECT IF(COUNT(*) = 0, 'DO 0', 'ALTER TABLE `server_state` DROP COLUMN `begun_gtids`')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'server_state' AND column_name = 'begun_gtids');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
