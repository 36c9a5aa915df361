CREATE TABLE IF NOT EXISTS `reads` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `read_number` bigint NOT NULL DEFAULT 0,
  `distrusted_since` datetime(6),
  `distrusted_by` varchar(16) CHARACTER SET ascii COLLATE ascii_bin,
  `distrust` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin,
  `healed_at` datetime(6),
  PRIMARY KEY (`source`)
) ENGINE = InnoDB;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `read_look` (
  `token` bigint NOT NULL,
  `at` datetime(6) NOT NULL DEFAULT (NOW(6)),
  PRIMARY KEY (`token`),
  KEY `read_look_at` (`at`)
) ENGINE = InnoDB;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `due_key` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `k` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `token` bigint NOT NULL,
  `takes_gone` tinyint(1) NOT NULL DEFAULT 0,
  `again` tinyint NOT NULL DEFAULT 0,
  `attempts` int NOT NULL DEFAULT 0,
  `since` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `due` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `looked_at` datetime(6),
  PRIMARY KEY (`source`, `k`),
  KEY `due_key_due` (`source`, `due`)
) ENGINE = InnoDB;
