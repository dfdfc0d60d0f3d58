-- Programs that are told what happens. position is the number of the last event that was sent, or put aside in
-- webhook_waiting; event_types is a list with a comma between, NULL for all. The secrets are needed to sign, so they are
-- kept as they are. lease is that of the program that sends at the moment, until leased_until in the database's time.
-- failures counts the attempts since failing_since that the receiver is to blame for, and the next is at
-- next_attempt_at. lost counts events that were deleted before they were sent; attempts numbers those of webhook_attempts.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'webhooks'
CREATE TABLE webhooks (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    url VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    event_types VARCHAR(2000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    description VARCHAR(200) NULL,
    active TINYINT NOT NULL,
    stopped_at DATETIME(6) NULL,
    stopped_reason VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    secret BINARY(32) NOT NULL,
    old_secret BINARY(32) NULL,
    old_secret_until DATETIME(6) NULL,
    position BIGINT UNSIGNED NOT NULL,
    lease BIGINT UNSIGNED NULL,
    leased_until DATETIME(6) NULL,
    failures INT UNSIGNED NOT NULL,
    failing_since DATETIME(6) NULL,
    next_attempt_at DATETIME(6) NULL,
    accepted_at DATETIME(6) NULL,
    delivered BIGINT UNSIGNED NOT NULL,
    given_up BIGINT UNSIGNED NOT NULL,
    lost BIGINT UNSIGNED NOT NULL,
    attempts BIGINT UNSIGNED NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT webhooks_stopped CHECK (
        (stopped_at IS NULL) = (stopped_reason IS NULL) AND (stopped_at IS NULL OR active = 0)
    ),
    CONSTRAINT webhooks_reason CHECK (stopped_reason IS NULL OR stopped_reason IN ('gone', 'failing')),
    CONSTRAINT webhooks_old_secret CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CONSTRAINT webhooks_failing CHECK ((failures = 0) = (failing_since IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
