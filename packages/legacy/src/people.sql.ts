/** Columns of the target's `users`: the table is the platform's and may lack some that we would make. */
export type UserColumns = ReadonlySet<string>

const fingerprint = `md5(row(o.*)::text)`

// An email address belongs to one person here: to whoever has it already, else to the one with the lowest id.
const emailIsTaken = `(
  o.email is not null and (exists (select from users u where u.email = o.email and u.id <> o.id)
    or exists (select from old_people b where b.email = o.email and b.id < o.id)))`

export const noteEmails = (columns: UserColumns) => `
delete from chat_legacy.notes where kind in ('email_taken', 'token_shared', 'token_unusable');
${
  columns.has('email')
    ? `insert into chat_legacy.notes (subject, kind, detail)
       select o.id, 'email_taken', o.email from old_people o
       where ${emailIsTaken} and not exists (select from users u where u.id = o.id and not exists (select from chat_legacy.people p where p.id = o.id and p.is_ours))`
    : ''
}`

// What we write of a person, by column, from a row `o` of the old database.
const values: Record<string, string> = {
  first_name: `coalesce(o.first_name, '')`,
  last_name: `coalesce(o.last_name, '')`,
  email: `case when not ${emailIsTaken} then o.email end`,
  avatar_url: 'o.avatar_url',
  role: 'o.role',
  is_active: 'coalesce(o.is_active, true)',
  created_at: 'coalesce(o.created_at, o.updated_at, now())',
  updated_at: 'coalesce(o.updated_at, o.created_at, now())',
}

const columnsIn = (columns: UserColumns) => Object.keys(values).filter((column) => columns.has(column))

export const updatePeople = (columns: UserColumns) => `
update users u set ${columnsIn(columns)
  .map((column) => `${column} = ${values[column]}`)
  .join(', ')}
from old_people o join chat_legacy.people p on p.id = o.id
where u.id = o.id and p.is_ours and p.fingerprint <> ${fingerprint}`

export const insertPeople = (columns: UserColumns) => `
with added as (
  insert into users (id, ${columnsIn(columns).join(', ')})
  select o.id, ${columnsIn(columns)
    .map((column) => values[column])
    .join(', ')} from old_people o
  on conflict (id) do nothing
  returning id
)
insert into chat_legacy.people (id, is_ours, fingerprint) select id, true, '' from added on conflict (id) do nothing`

/** The tokens of this run: one person each, the one who was changed last; the column of the original schema cannot tell more. */
export const listTokens = () => `
create temp table tokens on commit drop as
select o.fcm_token, o.id as user_id, o.fcm_token ~ '^[!-~]+$' and length(o.fcm_token) <= 4096 as is_usable, p.fcm_token as earlier,
  coalesce(o.updated_at, o.created_at, now()) as at,
  row_number() over (partition by o.fcm_token order by coalesce(o.updated_at, o.created_at) desc nulls last, o.id) as place
from old_people o left join chat_legacy.people p on p.id = o.id
where o.fcm_token is not null`

export const noteTokens = () => `
insert into chat_legacy.notes (subject, kind, detail)
select user_id, case when is_usable then 'token_shared' else 'token_unusable' end, left(fcm_token, 12) || '…' from tokens where not is_usable or place > 1`

/** A token that was moved already is left to the product: it may have gone to another person, or away, since. */
export const registerTokens = () => `
delete from devices d using chat_legacy.people p left join old_people o on o.id = p.id
where p.fcm_token = d.fcm_token and p.id = d.user_id and p.fcm_token is distinct from o.fcm_token and d.device_id is null;
insert into devices (fcm_token, user_id, created_at, updated_at)
select fcm_token, user_id, at, at from tokens where is_usable and place = 1 and fcm_token is distinct from earlier
on conflict (fcm_token) do nothing;
update users u set fcm_token = t.fcm_token from tokens t join devices d on d.fcm_token = t.fcm_token and d.user_id = t.user_id
where u.id = t.user_id and t.place = 1 and t.fcm_token is distinct from t.earlier;
update users u set fcm_token = null from chat_legacy.people p join old_people o on o.id = p.id
where u.id = p.id and u.fcm_token = p.fcm_token and o.fcm_token is null`

export const rememberPeople = () => `
insert into chat_legacy.people (id, is_ours, fingerprint, fcm_token)
select o.id, false, ${fingerprint}, o.fcm_token from old_people o
on conflict (id) do update set fingerprint = excluded.fingerprint, fcm_token = excluded.fcm_token
where (people.fingerprint, people.fcm_token) is distinct from (excluded.fingerprint, excluded.fcm_token)`
