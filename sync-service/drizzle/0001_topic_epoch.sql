CREATE TABLE IF NOT EXISTS `topic_epoch` (
  `topic` varchar(249) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,
  `epoch` int NOT NULL,
  `partitions` int NOT NULL,
  PRIMARY KEY (`topic`)
) ENGINE = InnoDB;
