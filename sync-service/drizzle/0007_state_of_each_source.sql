ALTER TABLE `server_state` MODIFY `server` varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL;
