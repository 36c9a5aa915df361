CREATE TABLE IF NOT EXISTS `consumed` (
  `topic` varchar(249) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `partition` int NOT NULL,
  `epoch` int NOT NULL,
  `next_offset` bigint NOT NULL,
  `replay_until` bigint NOT NULL DEFAULT 0,
  `group_floor` bigint NOT NULL DEFAULT 0,
  `max_timestamp_ms` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`topic`, `partition`)
) ENGINE = InnoDB;
