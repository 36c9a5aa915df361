ALTER TABLE `round` MODIFY `gone_confirmed` bigint NOT NULL DEFAULT 0;
--> statement-breakpoint
SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `server_state` ADD COLUMN `begun_at` datetime(6) NOT NULL DEFAULT (NOW(6))')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'server_state' AND column_name = 'begun_at');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
