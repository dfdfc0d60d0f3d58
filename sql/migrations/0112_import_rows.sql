-- What an import does, row by row; those that change nothing have none. fields is what is to be set, as JSON, and
-- fields_before what was there when the dry run saw it, so that nothing is overwritten that was changed since. errors says
-- why a row was refused, not applied, or not undone.
-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'import_rows'
CREATE TABLE import_rows (
    import_id BIGINT UNSIGNED NOT NULL,
    number INT UNSIGNED NOT NULL,
    line INT UNSIGNED NOT NULL,
    outcome VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    state VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    object_id BIGINT UNSIGNED NULL,
    fields MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    fields_before MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    errors TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    PRIMARY KEY (import_id, number),
    KEY import_rows_by_outcome (import_id, outcome, number),
    KEY import_rows_of_object (object_id),
    CONSTRAINT import_rows_of_import FOREIGN KEY (import_id) REFERENCES imports (id) ON DELETE RESTRICT,
    CONSTRAINT import_rows_outcome CHECK (outcome IN ('create', 'change', 'refused')),
    CONSTRAINT import_rows_state CHECK (state IN ('waiting', 'applied', 'not_applied', 'undone', 'not_undone'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
