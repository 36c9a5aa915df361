CREATE TABLE IF NOT EXISTS `system_mark` (
  `one` tinyint NOT NULL DEFAULT 1,
  `mark` char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`one`)
) ENGINE = InnoDB;
--> statement-breakpoint
INSERT IGNORE INTO `system_mark` (`mark`) VALUES (UUID());
