-- What people say may be encrypted: by a key for each conversation, which is wrapped by a master key that is not in the database.
CREATE TABLE conversation_keys (
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  version integer NOT NULL,
  wrapped bytea,
  master_key text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  wrapped_at timestamptz(3) NOT NULL DEFAULT now(),
  shredded_at timestamptz(3),
  PRIMARY KEY (conversation_id, version),
  CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
);
-- For rotation, which looks for keys of old master keys, and for every start, which asks which there are.
CREATE INDEX idx_conversation_keys_master_key ON conversation_keys (master_key, conversation_id, version) WHERE wrapped IS NOT NULL;

ALTER TABLE messages ADD COLUMN sealed bytea;
-- It cannot be compressed: trying would cost every send.
ALTER TABLE messages ALTER COLUMN sealed SET STORAGE EXTERNAL;

COMMENT ON COLUMN conversation_keys.conversation_id IS 'reference | whose content the key opens | for ever';
COMMENT ON COLUMN conversation_keys.version IS 'technical | tells the keys of a conversation apart: after one was destroyed there is another | for ever';
COMMENT ON COLUMN conversation_keys.wrapped IS 'technical | the key, encrypted by a master key | until it is destroyed: then nothing that it sealed can be read';
COMMENT ON COLUMN conversation_keys.master_key IS 'technical | the name of the master key that wraps it | for ever';
COMMENT ON COLUMN conversation_keys.created_at IS 'technical | since when | for ever';
COMMENT ON COLUMN conversation_keys.wrapped_at IS 'technical | when it was wrapped last | for ever';
COMMENT ON COLUMN conversation_keys.shredded_at IS 'technical | when it was destroyed | for ever';
COMMENT ON COLUMN messages.sealed IS 'content | content and metadata in encrypted form, in place of both columns | until retention or erasure';
