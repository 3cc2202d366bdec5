import { expect, test } from 'vitest'
import { nameStatement } from '../src/measures/name-statement.js'

test.each([
  ['select "id" from "messages" where "seq" > $1', 'select messages'],
  ['insert into "outbox" ("announcement") values ($1) returning "id"', 'insert outbox'],
  [
    'with a as (select 1 from conversations for no key update), b as (update conversation_members m set x = 1) select 1',
    'update conversation_members',
  ],
  ['delete from outbox where id = any($1::bigint[])', 'delete outbox'],
  ['select exists (select 1 from outbox where created_at < now()) as left', 'select outbox'],
  ['select c.id from unnest($1::uuid[]) as asked (id) join conversations c on c.id = asked.id', 'select conversations'],
  ['select now from clock_timestamp() as now', 'other'],
  ["select pg_try_advisory_xact_lock(hashtext('chat_outbox')) as locked", 'other'],
  ['select id from conversations where id = $1 for update', 'select conversations'],
])('%s is named for what it does', (text, name) => {
  expect(nameStatement(text)).toBe(name)
})
