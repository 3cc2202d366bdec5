-- What each column holds (class), what for, and how long: `class | purpose | kept`. docs/data-map.md is made of these; a column without one fails the suite.
COMMENT ON COLUMN users.id IS 'reference | names the person everywhere | by the platform';
COMMENT ON COLUMN users.first_name IS 'identity | shown with messages | until erasure';
COMMENT ON COLUMN users.last_name IS 'identity | shown with messages | until erasure';
COMMENT ON COLUMN users.avatar_url IS 'identity | shown with messages | until erasure';
COMMENT ON COLUMN users.role IS 'identity | patient, doctor, admin: shown, and the rights of administrators | by the platform';
COMMENT ON COLUMN users.is_active IS 'technical | whether the person may sign in | by the platform';
COMMENT ON COLUMN users.fcm_token IS 'contact | the newest push token, for earlier readers of this column | until it is forgotten or erasure';
COMMENT ON COLUMN chat_database.id IS 'technical | tells databases apart in sync tokens | for ever';
COMMENT ON COLUMN chat_database.xid_offset IS 'technical | keeps the order of the audit log over a restore | for ever';
COMMENT ON COLUMN chat_database.only_row IS 'technical | keeps it to one row | for ever';
COMMENT ON COLUMN conversations.id IS 'reference | names the conversation | for ever';
COMMENT ON COLUMN conversations.type IS 'technical | direct, group or channel | for ever';
COMMENT ON COLUMN conversations.direct_key IS 'reference | the two people of a direct conversation | for ever';
COMMENT ON COLUMN conversations.created_by IS 'reference | who began it | for ever';
COMMENT ON COLUMN conversations.metadata IS 'content | name and details that people give it | for ever';
COMMENT ON COLUMN conversations.last_seq IS 'technical | the number of the last message | for ever';
COMMENT ON COLUMN conversations.message_count IS 'technical | for pagination | for ever';
COMMENT ON COLUMN conversations.participant_count IS 'technical | for lists | for ever';
COMMENT ON COLUMN conversations.last_message_at IS 'behaviour | order of lists | for ever';
COMMENT ON COLUMN conversations.version IS 'technical | tells cached pages from current ones | for ever';
COMMENT ON COLUMN conversations.membership_version IS 'technical | tells a send that its check is old | for ever';
COMMENT ON COLUMN conversations.created_at IS 'behaviour | when it began | for ever';
COMMENT ON COLUMN conversations.updated_at IS 'behaviour | when it changed | for ever';
COMMENT ON COLUMN conversations.changed_xid IS 'technical | for sync | for ever';
COMMENT ON COLUMN conversation_members.conversation_id IS 'reference | where | while a member';
COMMENT ON COLUMN conversation_members.user_id IS 'reference | who takes part: this may tell of a treatment | while a member';
COMMENT ON COLUMN conversation_members.role IS 'technical | rights in the conversation | while a member';
COMMENT ON COLUMN conversation_members.joined_seq IS 'technical | what counts as unread | while a member';
COMMENT ON COLUMN conversation_members.joined_at IS 'behaviour | since when | while a member';
COMMENT ON COLUMN conversation_members.joined_xid IS 'technical | for sync | while a member';
COMMENT ON COLUMN conversation_members.muted_until IS 'behaviour | until when no pushes are wanted | while a member';
COMMENT ON COLUMN conversation_members.delivered_seqs IS 'behaviour | what reached the person | while a member';
COMMENT ON COLUMN conversation_members.read_seqs IS 'behaviour | what the person read | while a member';
COMMENT ON COLUMN conversation_members.receipts_version IS 'technical | tells cached pages from current ones | while a member';
COMMENT ON COLUMN former_members.conversation_id IS 'reference | where | for ever';
COMMENT ON COLUMN former_members.user_id IS 'reference | who left | for ever';
COMMENT ON COLUMN former_members.left_at IS 'behaviour | when | for ever';
COMMENT ON COLUMN former_members.left_xid IS 'technical | for sync | for ever';
COMMENT ON COLUMN former_members.delivered_seqs IS 'behaviour | receipts, should the person come back | for ever';
COMMENT ON COLUMN former_members.read_seqs IS 'behaviour | receipts, should the person come back | for ever';
COMMENT ON COLUMN messages.conversation_id IS 'reference | where | until retention or erasure';
COMMENT ON COLUMN messages.seq IS 'technical | its number | until retention or erasure';
COMMENT ON COLUMN messages.id IS 'reference | names the message | until retention or erasure';
COMMENT ON COLUMN messages.sender_id IS 'reference | who wrote it | until retention or erasure';
COMMENT ON COLUMN messages.parent_message_id IS 'reference | what it replies to | until retention or erasure';
COMMENT ON COLUMN messages.message_type IS 'technical | text, image, file or system | until retention or erasure';
COMMENT ON COLUMN messages.content IS 'content | what was said: may be of health; kept when deleted, for the audit | until retention or erasure';
COMMENT ON COLUMN messages.metadata IS 'content | what apps attach; kept when deleted, for the audit | until retention or erasure';
COMMENT ON COLUMN messages.client_message_id IS 'technical | makes sending again harmless | until retention or erasure';
COMMENT ON COLUMN messages.is_edited IS 'technical | whether it was changed | until retention or erasure';
COMMENT ON COLUMN messages.is_deleted IS 'technical | whether it is shown | until retention or erasure';
COMMENT ON COLUMN messages.deleted_at IS 'behaviour | when it was deleted | until retention or erasure';
COMMENT ON COLUMN messages.deleted_by IS 'reference | who deleted it | until retention or erasure';
COMMENT ON COLUMN messages.created_at IS 'behaviour | when it was said | until retention or erasure';
COMMENT ON COLUMN messages.updated_at IS 'behaviour | when it changed | until retention or erasure';
COMMENT ON COLUMN messages.changed_xid IS 'technical | for sync | until retention or erasure';
COMMENT ON COLUMN conversation_deletions.conversation_id IS 'reference | where | for ever';
COMMENT ON COLUMN conversation_deletions.seqs IS 'technical | which numbers are deleted or purged | for ever';
COMMENT ON COLUMN receipt_marks.conversation_id IS 'reference | where | with the messages';
COMMENT ON COLUMN receipt_marks.bucket IS 'technical | finds the marks of one message | with the messages';
COMMENT ON COLUMN receipt_marks.user_id IS 'reference | who got or read | with the messages';
COMMENT ON COLUMN receipt_marks.kind IS 'technical | delivered or read | with the messages';
COMMENT ON COLUMN receipt_marks.seqs IS 'behaviour | which messages | with the messages';
COMMENT ON COLUMN receipt_marks.at IS 'behaviour | when | with the messages';
COMMENT ON COLUMN receipt_marks.changed_xid IS 'technical | for sync | with the messages';
COMMENT ON COLUMN devices.fcm_token IS 'contact | where pushes go | until it is forgotten or erasure';
COMMENT ON COLUMN devices.user_id IS 'reference | whose | until it is forgotten or erasure';
COMMENT ON COLUMN devices.device_id IS 'contact | tells the devices of a person apart | until it is forgotten or erasure';
COMMENT ON COLUMN devices.platform IS 'technical | android, ios or web | until it is forgotten or erasure';
COMMENT ON COLUMN devices.created_at IS 'behaviour | when it was registered | until it is forgotten or erasure';
COMMENT ON COLUMN devices.updated_at IS 'behaviour | when it was registered last | until it is forgotten or erasure';
COMMENT ON COLUMN audit_log.id IS 'technical | names the row | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.at IS 'behaviour | when | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.actor_id IS 'reference | who did it | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.action IS 'behaviour | what was done | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.conversation_id IS 'reference | where | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.message_id IS 'reference | to which message | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.reason IS 'content | why, as administrators gave it | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.request_id IS 'technical | names the call in the logs | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.subject_id IS 'reference | to whom | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.details IS 'reference | ids, roles and numbers, never text | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_log.written_xid IS 'technical | order in which rows are sealed | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_chain.position IS 'technical | place in the chain | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_chain.audit_id IS 'technical | which row | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_chain.written_xid IS 'technical | where the next seal goes on | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_chain.hash IS 'technical | covers the row and the link before | six years at least; never deleted by the product';
COMMENT ON COLUMN audit_chain.sealed_at IS 'technical | when it was sealed | six years at least; never deleted by the product';
COMMENT ON COLUMN legal_holds.id IS 'technical | names the hold | for ever';
COMMENT ON COLUMN legal_holds.conversation_id IS 'reference | what is held | for ever';
COMMENT ON COLUMN legal_holds.user_id IS 'reference | whose conversations are held | for ever';
COMMENT ON COLUMN legal_holds.reason IS 'content | why | for ever';
COMMENT ON COLUMN legal_holds.placed_at IS 'technical | since when | for ever';
COMMENT ON COLUMN legal_holds.lifted_at IS 'technical | until when | for ever';
COMMENT ON COLUMN break_glass_grants.id IS 'technical | names the grant | for ever';
COMMENT ON COLUMN break_glass_grants.conversation_id IS 'reference | which conversation may be read | for ever';
COMMENT ON COLUMN break_glass_grants.user_id IS 'reference | by whom | for ever';
COMMENT ON COLUMN break_glass_grants.granted_by IS 'reference | who allowed it | for ever';
COMMENT ON COLUMN break_glass_grants.reason IS 'content | why | for ever';
COMMENT ON COLUMN break_glass_grants.granted_at IS 'behaviour | since when | for ever';
COMMENT ON COLUMN break_glass_grants.expires_at IS 'technical | until when | for ever';
COMMENT ON COLUMN break_glass_grants.ended_at IS 'technical | ended before that | for ever';
COMMENT ON COLUMN outbox.id IS 'technical | order of telling | milliseconds';
COMMENT ON COLUMN outbox.announcement IS 'reference | what is to be told: ids and numbers | milliseconds';
COMMENT ON COLUMN outbox.attempts IS 'technical | how often telling failed | milliseconds';
COMMENT ON COLUMN outbox.created_at IS 'technical | since when it waits | milliseconds';
COMMENT ON COLUMN last_seen.user_id IS 'reference | who | until erasure';
COMMENT ON COLUMN last_seen.at IS 'behaviour | when the person was last online | until erasure';
-- The platform's own columns: its table may lack them, or say something about them already.
DO $$
DECLARE
  said record;
BEGIN
  FOR said IN
    SELECT a.attname AS name, v.comment FROM pg_attribute a JOIN (VALUES
      ('email', 'identity | for people who administer | until erasure'),
      ('created_at', 'technical | of the platform | by the platform'),
      ('updated_at', 'technical | of the platform | by the platform')
    ) AS v (name, comment) ON v.name = a.attname
    WHERE a.attrelid = 'users'::regclass AND col_description(a.attrelid, a.attnum) IS NULL
  LOOP
    EXECUTE format('COMMENT ON COLUMN users.%I IS %L', said.name, said.comment);
  END LOOP;
END $$;
