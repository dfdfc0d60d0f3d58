-- What is done to keep the shop sound, the newest of each kind: proofs of the books, backups, and drills of restoring
-- one. succeeded is NULL while a proof is at work and where it was cut off; broken is JSON, a list of the rules that do not
-- hold. A proof that a person asked for is at_work until it has ended, the one of the shop, and says with alive_at, in the
-- database's time, that its process lives.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'upkeep'
CREATE TABLE upkeep (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    kind VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    at DATETIME(6) NOT NULL,
    account_id BIGINT UNSIGNED NULL,
    command VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    succeeded TINYINT NULL,
    took_ms BIGINT NULL,
    broken MEDIUMTEXT NULL,
    at_work TINYINT NULL,
    alive_at DATETIME(6) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY upkeep_one_at_work (at_work),
    KEY upkeep_by_kind (kind, at, id),
    KEY upkeep_of_account (account_id),
    CONSTRAINT upkeep_by_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT upkeep_kind CHECK (kind IN ('verification', 'backup', 'restore_drill')),
    CONSTRAINT upkeep_one_maker CHECK ((account_id IS NOT NULL) + (command IS NOT NULL) = 1),
    CONSTRAINT upkeep_at_work CHECK (
        at_work IS NULL OR (at_work = 1 AND kind = 'verification' AND succeeded IS NULL AND alive_at IS NOT NULL)
    )
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
