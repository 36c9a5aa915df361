ALTER TABLE `pending` MODIFY `cur` text CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin;
--> statement-breakpoint
ALTER TABLE `round` MODIFY `cur` text CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin;
