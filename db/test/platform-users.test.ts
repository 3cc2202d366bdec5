import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '../src/migrate.js'
import { openDatabase, type TestDatabase } from './open-database.js'

// The table users belongs to the platform. Where it is, it has any shape.

let database: TestDatabase
beforeEach(async () => {
  database = await openDatabase('bare')
})
afterEach(() => database.close())

const ann = '0a0a0a0a-0000-4000-8000-000000000001'
const person = () =>
  database.rows('select first_name, last_name, avatar_url, role::text, is_active, fcm_token from users where id = $1', [ann])

describe('a table of the platform is fitted', () => {
  test('with camelCase columns, as Sequelize makes them: chat sees them, and their changes', async () => {
    await database.pool.query(`
      create type "enum_users_role" as enum ('patient', 'doctor', 'admin');
      create table users (
        id uuid primary key, email varchar(255) not null unique, "passwordHash" varchar(255) not null, "firstName" varchar(255) not null,
        "lastName" varchar(255), "avatarUrl" varchar(255), role "enum_users_role" not null default 'patient', "isActive" boolean default true,
        "fcmToken" varchar(255), "lastLoginAt" timestamptz, "createdAt" timestamptz not null, "updatedAt" timestamptz not null
      );
      insert into users values ('${ann}', 'ann@clinic.example', 'x', 'Ann', null, 'https://cdn.example/a.png', 'doctor', null, 'token-1', null, now(), now())`)
    await migrate(database.url)
    const seen = {
      first_name: 'Ann',
      last_name: '',
      avatar_url: 'https://cdn.example/a.png',
      role: 'doctor',
      is_active: true,
      fcm_token: null,
    }
    expect(await person()).toEqual([seen])
    await database.pool.query(`update users set "firstName" = 'Anna', "lastName" = 'Lee', "isActive" = false`)
    expect(await person()).toEqual([{ ...seen, first_name: 'Anna', last_name: 'Lee', is_active: false }])
  })

  test('with other columns that must be there, and few of ours', async () => {
    await database.pool.query(`
      create table users (
        id uuid not null unique, tenant integer not null, email text not null, "deletedAt" timestamptz, first_name text, is_active boolean
      );
      insert into users values ('${ann}', 7, 'ann@clinic.example', null, 'Ann', true)`)
    await migrate(database.url)
    expect(await person()).toEqual([
      { first_name: 'Ann', last_name: '', avatar_url: null, role: 'patient', is_active: true, fcm_token: null },
    ])
    await database.pool.query(`insert into users (id, tenant, email) values (gen_random_uuid(), 7, 'bob@clinic.example')`)
  })

  test('that is partitioned', async () => {
    await database.pool.query(`
      create table users (id uuid primary key, email text) partition by hash (id);
      create table users_0 partition of users for values with (modulus 1, remainder 0);
      insert into users values ('${ann}', 'ann@clinic.example')`)
    await migrate(database.url)
    expect(await person()).toMatchObject([{ first_name: '', is_active: true }])
  })
})

describe('a table that cannot serve is refused in one sentence, and left as it was', () => {
  const refusals = {
    'create table users (id serial primary key, email text)':
      'The table users has ids of type integer. Chat needs UUIDs: tokens and foreign keys carry them.',
    'create table users (id varchar(36) primary key, email text)':
      'The table users has ids of type character varying(36). Chat needs UUIDs: tokens and foreign keys carry them.',
    'create table users (user_id uuid primary key)': 'The table users has no column id. Chat needs one, of type uuid.',
    'create table users (id uuid, email text)':
      'The ids of the table users are not unique. Chat needs a primary key or a unique constraint on users.id.',
    'create view users as select gen_random_uuid() as id': 'users is not a table. Chat needs one, since foreign keys refer to it.',
    'create table users (id uuid primary key, is_active integer)': 'The column users.is_active is of type integer. Chat needs boolean.',
    'create table users (id uuid primary key, role text[])':
      'The column users.role is of type text[]. Chat needs a text or an enumeration.',
  }
  test.each(Object.entries(refusals))('%s', async (statement, sentence) => {
    await database.pool.query(statement)
    await expect(migrate(database.url)).rejects.toThrow(sentence)
    const left = await database.rows<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by 1`,
    )
    expect(left.map(({ name }) => name)).toEqual(['users'])
  })
})
