-- Without the keys nobody could read what they sealed: that is not taken back in passing.
DO $$ BEGIN
  IF EXISTS (SELECT FROM messages WHERE sealed IS NOT NULL) THEN
    RAISE EXCEPTION 'messages are encrypted: this migration cannot be taken back';
  END IF;
END $$;
ALTER TABLE messages DROP COLUMN IF EXISTS sealed;
DROP TABLE IF EXISTS conversation_keys;
