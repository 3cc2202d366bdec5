import type pg from 'pg'

/**
 * What somebody added to `messages` and this does not carry over; told before hours are spent on copying.
 * @throws with a name for each.
 */
export async function refuseUnfit(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ what: string }>(`
    with t as (select c.* from pg_class c where c.oid = 'public.messages'::regclass)
    select format('the foreign key %s of %s', conname, conrelid::regclass) as what from pg_constraint
      where contype = 'f' and (confrelid = (select oid from t) or conrelid = (select oid from t)) and conparentid = 0
    union all select format('the materialized view %s', v.oid::regclass) from pg_class v where v.relkind = 'm' and v.oid in (
      select r.ev_class from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
      where d.refclassid = 'pg_class'::regclass and d.refobjid = (select oid from t))
    union all select format('the publication %s', p.pubname) from pg_publication_tables p where p.schemaname = 'public' and p.tablename = 'messages'
    union all select format('the policy %s', polname) from pg_policy where polrelid = (select oid from t)
    union all select 'row level security' from t where relrowsecurity
    union all select format('the rule %s', rulename) from pg_rules where schemaname = 'public' and tablename = 'messages'
    union all select format('the trigger %s, which is not simply on', tgname) from pg_trigger
      where tgrelid = (select oid from t) and not tgisinternal and tgenabled <> 'O'
    union all select format('the index %s, which is not valid', indexrelid::regclass) from pg_index where indrelid = (select oid from t) and not indisvalid
    union all select format('the unique index %s without conversation_id', i.indexrelid::regclass) from pg_index i
      where i.indrelid = (select oid from t) and i.indisunique and not exists (
        select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'conversation_id' and a.attnum = any(i.indkey))
    union all select 'a replica identity' from t where relreplident <> 'd'
    union all select 'storage parameters' from t where reloptions is not null
    union all select format('the table %s, which inherits from it', inhrelid::regclass) from pg_inherits
      where inhparent = (select oid from t) and (select relkind from t) = 'r'`)
  if (rows.length === 0) return
  const what = rows.map((row) => row.what).join(', ')
  throw new Error(`messages has what is not carried over: ${what}. Remove it, partition, and add it again.`)
}
