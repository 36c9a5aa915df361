CREATE TABLE IF NOT EXISTS `doubt` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `k` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `epoch` int NOT NULL,
  `partition` int NOT NULL,
  `offset` bigint NOT NULL,
  `read_at` bigint NOT NULL,
  `since` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `due` datetime(6) NOT NULL DEFAULT (NOW(6)),
  PRIMARY KEY (`source`, `k`)
) ENGINE = InnoDB;
