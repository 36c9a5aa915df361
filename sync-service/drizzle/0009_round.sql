DROP TABLE IF EXISTS `patrol`;
--> statement-breakpoint
DROP TABLE IF EXISTS `doubt`;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `round` (
  `source` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `token` bigint,
  `due` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `requests` bigint NOT NULL DEFAULT 1,
  `round_requests` bigint NOT NULL DEFAULT 0,
  `served_requests` bigint NOT NULL DEFAULT 0,
  `began_at` datetime(6),
  `leg` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin,
  `cur` varchar(4000) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin,
  `row_count` bigint NOT NULL DEFAULT 0,
  `corrected_keys` bigint NOT NULL DEFAULT 0,
  `gone_keys` bigint NOT NULL DEFAULT 0,
  `gone_confirmed` tinyint(1) NOT NULL DEFAULT 0,
  `last_ended_at` datetime(6),
  `last_duration_ms` bigint,
  `last_row_count` bigint,
  `last_corrected_keys` bigint,
  PRIMARY KEY (`source`)
) ENGINE = InnoDB;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS `daemon` (
  `id` bigint NOT NULL,
  `seen_at` datetime(6) NOT NULL DEFAULT (NOW(6)),
  PRIMARY KEY (`id`)
) ENGINE = InnoDB;
