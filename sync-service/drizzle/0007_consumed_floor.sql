SET @friend_sync_ddl = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `consumed` RENAME COLUMN `group_floor` TO `floor`, ADD COLUMN `high_water` bigint NOT NULL DEFAULT 0, ADD COLUMN `newest_gtid` longtext CHARACTER SET ascii COLLATE ascii_bin')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'consumed' AND column_name = 'high_water');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
--> statement-breakpoint
UPDATE `consumed` SET `high_water` = GREATEST(`high_water`, `next_offset`, `replay_until`);
