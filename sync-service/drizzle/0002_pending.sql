CREATE TABLE IF NOT EXISTS `pending` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `k` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `generation` bigint NOT NULL DEFAULT 1,
  `token` bigint,
  `due` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `since` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `pass_generation` bigint,
  `pass_since` datetime(6),
  `cur` varchar(4000) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin,
  `attempts` int NOT NULL DEFAULT 0,
  `last_error` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin,
  PRIMARY KEY (`source`, `k`),
  KEY `pending_due` (`source`, `due`)
) ENGINE = InnoDB;
