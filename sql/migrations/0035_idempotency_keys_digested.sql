-- A caller may write a person into a key, so a digest of it is kept: an erasure leaves it, and the key goes on naming
-- its outcome. No key has a blank in it, so what looks like this is a digest.
UPDATE idempotency_keys SET idempotency_key = CONCAT('sha256 ', SHA2(idempotency_key, 256))
WHERE idempotency_key NOT LIKE 'sha256 %'
