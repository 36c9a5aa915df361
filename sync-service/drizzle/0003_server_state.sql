CREATE TABLE IF NOT EXISTS `server_state` (
  `server` varchar(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `gtid_executed` longtext CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `seen_at` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `history_lost` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin,
  PRIMARY KEY (`server`)
) ENGINE = InnoDB;
