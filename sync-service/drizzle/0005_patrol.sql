CREATE TABLE IF NOT EXISTS `patrol` (
  `id` tinyint NOT NULL DEFAULT 1,
  `token` bigint,
  `due` datetime(6) NOT NULL DEFAULT (NOW(6)),
  `requests` bigint NOT NULL DEFAULT 0,
  `round_requests` bigint NOT NULL DEFAULT 0,
  `began_at` datetime(6),
  `last_ended_at` datetime(6),
  `last_duration_ms` bigint,
  `last_drifted_keys` bigint,
  PRIMARY KEY (`id`)
) ENGINE = InnoDB;
--> statement-breakpoint
INSERT IGNORE INTO `patrol` (`id`) VALUES (1);
