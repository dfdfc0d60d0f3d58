-- When the password was last replaced; NULL while it is the one that the account was made with, or of before this column.
-- Without it nothing that a version shows tells of two new passwords.
-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'password_changed_at'
ALTER TABLE accounts ADD COLUMN password_changed_at DATETIME(6) NULL
