DROP FUNCTION IF EXISTS chat_purge_messages(uuid, timestamptz, integer);
DROP FUNCTION IF EXISTS chat_is_held(uuid);
DROP TABLE IF EXISTS break_glass_grants, legal_holds;
