-- A restored database counts transactions anew, and what it holds carries numbers of the server it came from. As they are, everything would look
-- newer than it is: clients would be sent it with every sync. So what carries a number of the future is given an old one, and the database a new
-- name, by which clients learn to begin again (`reset`).
begin;
do $$
declare
  found record;
begin
  for found in
    select c.table_name, c.column_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.udt_name = 'xid8' and t.table_type = 'BASE TABLE' and c.table_name not in ('audit_log', 'audit_chain')
  loop
    execute format('update %I set %I = %L where %2$I >= pg_current_xact_id()', found.table_name, found.column_name, '3');
  end loop;
end $$;
-- The audit log is as it was, to the letter: its new rows count on from the highest number in it.
update chat_database set id = gen_random_uuid(),
  xid_offset = greatest(0, coalesce((select max(written_xid::text::numeric) from audit_log), 0) - pg_current_xact_id()::text::numeric + 1);
commit;
analyze;
