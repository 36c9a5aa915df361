-- By which mapping a source was followed last: one that is followed by another is read as a whole.
SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0', 'ALTER TABLE `reads` ADD COLUMN `mapping` varchar(16) CHARACTER SET ascii')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reads' AND column_name = 'mapping');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
