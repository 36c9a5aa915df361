SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `round` ADD COLUMN `paused_at` datetime(6), ADD COLUMN `rows_per_second` int, ADD COLUMN `stopped_requests` bigint NOT NULL DEFAULT 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'round' AND column_name = 'stopped_requests');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
