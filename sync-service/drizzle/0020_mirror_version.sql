SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0', 'ALTER TABLE `reads` ADD COLUMN `mirror_version` int NOT NULL DEFAULT 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reads' AND column_name = 'mirror_version');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
