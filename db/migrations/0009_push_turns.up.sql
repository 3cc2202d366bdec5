-- A device sounds at most so often, whatever is written in however many conversations: it has turns, and jobs wait for them.
ALTER TABLE devices ADD COLUMN next_push_at timestamptz;
COMMENT ON COLUMN devices.next_push_at IS 'technical | until when the device is left in peace | until the token is forgotten';

-- Rows that only kept the distance to the push before have no use any more.
DELETE FROM push_jobs WHERE seq IS NULL;
ALTER TABLE push_jobs ALTER COLUMN seq SET NOT NULL;
