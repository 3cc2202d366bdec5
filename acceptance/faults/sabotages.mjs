// What the checker must catch. Each takes one safeguard out of the built product, in a copy of it.

const statement = 'packages/chat/dist/messages/send-statement.js'
const knownStatement = 'packages/chat/dist/messages/send-statement-known.js'
const schema = 'db/migrations/0001_chat.up.sql'

/** `edits`: file, text, and what to put in its place. `caught`: what a violation of it looks like. */
export const sabotages = [
  { name: 'none', cases: 'F01,F03,F20b,F35b', edits: [] },
  {
    name: 'no relay of the outbox',
    cases: 'F35b',
    edits: [['packages/chat/dist/events/outbox-relay.js', 'if (!isStopped)', 'if (false)']],
    caught: /C5 .* lost seq/,
  },
  {
    name: 'seqs without a lock',
    cases: 'F03',
    edits: [
      // Of the moment the statement began at, instead of the row that is locked.
      [
        statement,
        'set last_seq = c.last_seq + a.total',
        'set last_seq = (select last_seq from conversations where id = a.conversation_id) + a.total',
      ],
      [
        knownStatement,
        'set last_seq = c.last_seq + a.total',
        'set last_seq = (select last_seq from conversations where id = a.id) + a.total',
      ],
      [schema, 'PRIMARY KEY (conversation_id, seq)', 'CHECK (seq > 0)'],
    ],
    caught: /C[45] .* (has \d+ messages|is both|lost seq)/,
  },
  {
    name: 'nobody is told to resync',
    cases: 'F20b',
    edits: [['services/gateway/dist/resync.js', "socket.emit('resync', { reason });", '']],
    caught: /C5 .* lost seq/,
  },
  {
    name: 'receipts are not caught up on',
    cases: 'F20,F09,F03',
    edits: [['packages/chat/dist/sync/sync.js', 'await listChangedReceipts(at.db, userId, token.since)', '[]']],
    caught: /C8 .* lost that seq/,
  },
  {
    name: 'changes of conversations are not caught up on',
    cases: 'F09',
    edits: [['packages/chat/dist/sync/sync.js', 'await loadChangedConversations(at, userId, token.since)', '[]']],
    caught: /C5 .* (knows the|does not know)/,
  },
  {
    name: 'nobody decides about pushes',
    cases: 'F14',
    edits: [['packages/chat/dist/push/push-worker.js', '() => decidePushes(chat)', 'async () => false']],
    caught: /C10 nobody pushed/,
  },
  {
    name: 'no check of client message ids',
    cases: 'F01,F47',
    edits: [
      ...[statement, knownStatement].map((file) => [file, 'and client_message_id = i.client_message_id', 'and false']),
      [schema, 'CREATE UNIQUE INDEX idx_messages_client_message_id', 'CREATE INDEX idx_messages_client_message_id'],
    ],
    caught: /C1 .* stored [2-9] times/,
  },
]
