ALTER TABLE devices DROP COLUMN next_push_at;
