CREATE TABLE IF NOT EXISTS `missed_copy` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `copy` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `token` bigint NOT NULL,
  PRIMARY KEY (`source`, `copy`)
) ENGINE = InnoDB;
