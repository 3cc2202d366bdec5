import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { serviceRights } from '../src/service-rights.js'
import { openDatabase, type TestDatabase } from './open-database.js'

let database: TestDatabase
let service: pg.Pool
beforeAll(async () => {
  database = await openDatabase('migrated')
  const url = new URL(database.url)
  const { name, password } = inject('stores').serviceRole
  url.username = name
  url.password = password
  service = new pg.Pool({ connectionString: url.href, max: 1 })
  service.on('error', () => undefined)
  await database.pool.query(`
    insert into users (id, first_name) values ('0a0a0a0a-0000-4000-8000-000000000001', 'Ann');
    insert into audit_log (action) values ('message_deleted');
    insert into legal_holds (user_id, reason) values ('0a0a0a0a-0000-4000-8000-000000000001', 'court')`)
})
afterAll(async () => {
  await service.end()
  await database.close()
})

describe('the role of the services may not', () => {
  test.each([
    ['make a table', 'create table mine (id int)'],
    ['make a temporary function in the schema', `create function mine() returns int language sql as 'select 1'`],
    ['change a table', 'alter table messages add column mine int'],
    ['drop a table', 'drop table audit_log'],
    ['drop an index', 'drop index idx_messages_id'],
    ['switch triggers off', 'alter table audit_log disable trigger all'],
    ['rest triggers for its session', 'set session_replication_role = replica'],
    ['make a role', 'create role mine'],
    ['become somebody else', 'set role pg_write_all_data'],
    ['read the files of the server', `select pg_read_file('postgresql.conf')`],
    ['run a program of the server', `copy (select 1) to program 'true'`],
    ['change a row of the audit log', `update audit_log set reason = 'mine'`],
    ['delete a row of the audit log', 'delete from audit_log'],
    ['empty the audit log', 'truncate audit_log'],
    ['choose the time of an audit row', `insert into audit_log (action, at) values ('mine', '2020-01-01')`],
    ['choose the place of an audit row', `insert into audit_log (action, written_xid) values ('mine', '1')`],
    ['write a link of the chain', `insert into audit_chain (position, audit_id, written_xid, hash) values (1, 1, '1', '')`],
    ['change a link of the chain', `update audit_chain set hash = ''`],
    ['delete a message', 'delete from messages'],
    ['change what was said', `update messages set content = 'mine'`],
    ['change what was sealed', `update messages set sealed = null`],
    ['destroy a key', `update conversation_keys set wrapped = null, shredded_at = now()`],
    ['delete a key', 'delete from conversation_keys'],
    ['change who said it', `update messages set sender_id = gen_random_uuid()`],
    ['empty a table', 'truncate messages'],
    ['purge messages of today', 'select * from chat_purge_messages(gen_random_uuid(), now(), 10)'],
    ['delete a conversation', 'delete from conversations'],
    ['make somebody an administrator', `update users set role = 'admin'`],
    ['make a person', `insert into users (first_name) values ('Mine')`],
    ['delete a person', 'delete from users'],
    ['place or lift a hold', `update legal_holds set lifted_at = now()`],
    ['delete a hold', 'delete from legal_holds'],
    ['lengthen a grant', `update break_glass_grants set expires_at = now() + interval '1 day'`],
    ['see or change which migrations ran', 'delete from chat_migrations'],
  ])('%s', async (_, statement) => {
    await expect(service.query(statement)).rejects.toMatchObject({ code: '42501' })
  })
})

test('has exactly the rights that are written down', async () => {
  const { rows } = await service.query<{ table: string; rights: string[] }>(`
    select c.relname as table, array_remove(array[
      case when has_table_privilege(c.oid, 'select') then 'select' end,
      case when has_any_column_privilege(c.oid, 'insert') then 'insert' end,
      case when has_any_column_privilege(c.oid, 'update') then 'update' end,
      case when has_table_privilege(c.oid, 'delete') then 'delete' end,
      case when has_table_privilege(c.oid, 'truncate') then 'truncate' end], null) as rights
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not like 'chat\\_migrations%'`)
  const held = Object.fromEntries(rows.map(({ table, rights }) => [table, rights]))
  const written = Object.entries(serviceRights).map(([table, rights]) => [table, rights.map((right) => right.replace(/\(.*/, ''))])
  expect(held).toEqual(Object.fromEntries(written))
})

test('may write an audit row and have it sealed', async () => {
  await service.query(`insert into audit_log (action) values ('message_deleted')`)
  await expect(service.query('select sealed from chat_seal_audit(10)')).resolves.toBeDefined()
})
