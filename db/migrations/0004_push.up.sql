-- What may be worth a push: written in the transaction of the send, one row for a batch. Whom it concerns is decided later, per person.
CREATE TABLE push_intents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- [[conversation id, seq], …]
  messages jsonb NOT NULL,
  -- Who is looked at; null: everybody but the sender. Set when it is looked at a second time, whether delivery was confirmed.
  people uuid[],
  due_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- What is to be sent: one row for each device and conversation, so that many waiting messages become one push, of the newest.
-- Without a seq there is nothing to send and the row only keeps the distance to the push before.
CREATE TABLE push_jobs (
  fcm_token text NOT NULL,
  -- All zeros: the number on the app's icon, for no message.
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  seq bigint,
  message_id uuid,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  leased_until timestamptz,
  PRIMARY KEY (fcm_token, conversation_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX idx_push_jobs_due ON push_jobs (due_at);

-- Until when nothing is sent at all, and why; one row, shared by all workers.
CREATE TABLE push_pause (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  until timestamptz NOT NULL,
  reason text NOT NULL,
  attempts integer NOT NULL DEFAULT 0
);

-- Why somebody got, or did not get, a push. Kept for 30 days.
CREATE TABLE push_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id uuid NOT NULL,
  outcome text NOT NULL,
  user_ids uuid[] NOT NULL,
  detail text,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX idx_push_log_message ON push_log (message_id);

CREATE TABLE quiet_hours (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  from_minute smallint NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
  to_minute smallint NOT NULL CHECK (to_minute BETWEEN 0 AND 1439),
  time_zone text NOT NULL
);

COMMENT ON COLUMN push_intents.id IS 'technical | order | until it is decided, seconds';
COMMENT ON COLUMN push_intents.messages IS 'reference | which messages may be worth a push | until it is decided, seconds';
COMMENT ON COLUMN push_intents.people IS 'reference | who is looked at again | until it is decided, seconds';
COMMENT ON COLUMN push_intents.due_at IS 'technical | when it is looked at | until it is decided, seconds';
COMMENT ON COLUMN push_jobs.fcm_token IS 'contact | where the push goes | until it is sent or expires';
COMMENT ON COLUMN push_jobs.conversation_id IS 'reference | of which conversation | until it is sent or expires';
COMMENT ON COLUMN push_jobs.user_id IS 'reference | for whom | until it is sent or expires';
COMMENT ON COLUMN push_jobs.seq IS 'reference | which message | until it is sent or expires';
COMMENT ON COLUMN push_jobs.message_id IS 'reference | which message | until it is sent or expires';
COMMENT ON COLUMN push_jobs.due_at IS 'technical | when it is sent | until it is sent or expires';
COMMENT ON COLUMN push_jobs.expires_at IS 'technical | until when it is worth sending | until it is sent or expires';
COMMENT ON COLUMN push_jobs.attempts IS 'technical | how often it was tried | until it is sent or expires';
COMMENT ON COLUMN push_jobs.leased_until IS 'technical | until when a worker has it | until it is sent or expires';
COMMENT ON COLUMN push_pause.only_row IS 'technical | keeps it to one row | until the pause is over';
COMMENT ON COLUMN push_pause.until IS 'technical | until when nothing is sent | until the pause is over';
COMMENT ON COLUMN push_pause.reason IS 'technical | what the push service said | until the pause is over';
COMMENT ON COLUMN push_pause.attempts IS 'technical | how long the next pause is | until the pause is over';
COMMENT ON COLUMN push_log.id IS 'technical | order | 30 days';
COMMENT ON COLUMN push_log.message_id IS 'reference | about which message | 30 days';
COMMENT ON COLUMN push_log.outcome IS 'behaviour | why somebody got a push or not | 30 days';
COMMENT ON COLUMN push_log.user_ids IS 'reference | who | 30 days';
COMMENT ON COLUMN push_log.detail IS 'technical | what the push service said | 30 days';
COMMENT ON COLUMN push_log.at IS 'behaviour | when | 30 days';
COMMENT ON COLUMN quiet_hours.user_id IS 'reference | whose | until cleared or erasure';
COMMENT ON COLUMN quiet_hours.from_minute IS 'behaviour | when they begin | until cleared or erasure';
COMMENT ON COLUMN quiet_hours.to_minute IS 'behaviour | when they end | until cleared or erasure';
COMMENT ON COLUMN quiet_hours.time_zone IS 'behaviour | where the person lives, roughly | until cleared or erasure';
