CREATE TABLE IF NOT EXISTS `pause` (
  `id` tinyint NOT NULL DEFAULT 1,
  `since` datetime(6) NOT NULL DEFAULT (NOW(6)),
  PRIMARY KEY (`id`)
) ENGINE = InnoDB;
