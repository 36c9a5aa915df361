CREATE TABLE IF NOT EXISTS `distrust` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `cause` varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `since` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `reason` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  PRIMARY KEY (`source`, `cause`)
) ENGINE = InnoDB;
--> statement-breakpoint
SET @friend_sync_ddl = (SELECT IF(COUNT(*) = 0, 'DO 0',
  'INSERT IGNORE INTO `distrust` SELECT `source`, `distrusted_by`, `distrusted_since`, `distrust` FROM `reads` WHERE `distrusted_since` IS NOT NULL')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reads' AND column_name = 'distrust');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
--> statement-breakpoint
SET @friend_sync_ddl = (SELECT IF(COUNT(*) = 0, 'DO 0',
  'ALTER TABLE `reads` DROP COLUMN `distrusted_since`, DROP COLUMN `distrusted_by`, DROP COLUMN `distrust`')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reads' AND column_name = 'distrust');
--> statement-breakpoint
PREPARE friend_sync_ddl FROM @friend_sync_ddl;
--> statement-breakpoint
EXECUTE friend_sync_ddl;
