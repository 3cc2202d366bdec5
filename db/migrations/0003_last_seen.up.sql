-- When somebody was last online. Redis has it too and is asked first; this is what outlives it.
CREATE TABLE last_seen (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  at timestamptz(3) NOT NULL
) WITH (fillfactor = 70);
