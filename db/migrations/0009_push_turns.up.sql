-- A device sounds at most so often, whatever is written in however many conversations: it has turns, and jobs wait for them.
-- Rows of push_jobs that only keep a distance (seq is null) have no use any more, but the version before writes them as long as it runs.
ALTER TABLE devices ADD COLUMN next_push_at timestamptz;
COMMENT ON COLUMN devices.next_push_at IS 'technical | until when the device is left in peace | until the token is forgotten';
