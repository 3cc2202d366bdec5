import { execFile } from 'node:child_process'
import { chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type pg from 'pg'
import { requireSoon } from '../until.js'
import { CannotRun, requireTrue, someMembership, type FaultCase, type Scene } from './fault-case.js'

/** PostgreSQL answers, but takes nothing, or not everything. */
export const refusingStoreCases: readonly FaultCase[] = [
  { id: 'F49', wholeRunOnly: true, title: 'the disk under the messages is full', run: fillDisk },
  {
    id: 'F49b',
    title: 'PostgreSQL refuses what is to be written, as with a full disk',
    run: async (scene) => {
      await refusing(scene.cluster.stores.database, { state: '53100', share: 1 }, async () => {
        await delay(500)
        await requireReadable(scene)
        await delay(500)
      })
    },
  },
  {
    id: 'F51',
    title: 'transactions fail to serialise and deadlock at random',
    async run({ cluster: { stores } }) {
      for (const state of ['40001', '40P01']) await refusing(stores.database, { state, share: 0.3 }, () => delay(400))
    },
  },
]

/** For a while, inserting into messages and marks fails with this state, so often. */
async function refusing(database: pg.Pool, { state, share }: { state: string; share: number }, during: () => Promise<void>): Promise<void> {
  await database.query(`create or replace function refuse_some() returns trigger language plpgsql as $$
    begin
      if random() < ${share} then raise exception 'made to fail' using errcode = '${state}'; end if;
      return new;
    end $$`)
  for (const table of refusedTables)
    await database.query(`create trigger refuse_some before insert on ${table} execute function refuse_some()`)
  try {
    await during()
  } finally {
    for (const table of refusedTables) await database.query(`drop trigger refuse_some on ${table}`)
  }
}

const refusedTables = ['messages', 'receipt_marks', 'outbox']

async function requireReadable(scene: Scene): Promise<void> {
  const { client, conversationId } = someMembership(scene)
  const outcome = await client.rest({ method: 'GET', path: `/api/v1/chat/conversations/${conversationId}/messages` })
  requireTrue(
    outcome.kind === 'answer' && outcome.status === 200,
    `a history could not be read from a full disk: ${JSON.stringify(outcome)}`,
  )
}

const run = promisify(execFile)
const roomMb = 2

/** Moves the messages to a file system of their own, which is then filled to the last page. */
async function fillDisk(scene: Scene): Promise<void> {
  const { database, folder, postgres } = scene.cluster.stores
  const { rows } = await database.query<{ mb: string }>(`select pg_table_size('messages') / 1048576 as mb`)
  const place = join(folder, 'small-disk')
  await mountSmall(place, Number(rows[0]?.mb ?? 0) + roomMb, postgres.server.dataDir)
  try {
    await database.query(`create tablespace small_disk location '${place}'`)
    await database.query('alter table messages set tablespace small_disk')
    await database.query('create table filler (bytes text) tablespace small_disk')
    await database.query('alter table filler alter bytes set storage plain')
    await fillUp(database)
    // What is sent now fills the last pages, and is then refused.
    await delay(1500)
    await requireReadable(scene)
    await database.query('drop table filler')
  } finally {
    await database.query('drop table if exists filler')
    await database.query('alter table messages set tablespace pg_default')
    await database.query('checkpoint')
    await database.query('drop tablespace if exists small_disk')
    // Sessions keep files open that are gone: the file system stays busy until they end.
    await run('umount', ['--lazy', place])
  }
}

async function mountSmall(place: string, sizeMb: number, dataDir: string): Promise<void> {
  await mkdir(place, { recursive: true })
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', place]).catch(() => {
    throw new CannotRun('this machine does not let a small file system be mounted')
  })
  const { uid, gid } = await stat(join(dataDir, 'cluster'))
  await chown(place, uid, gid)
}

async function fillUp(database: pg.Pool): Promise<void> {
  for (const rows of [20, 1]) await requireSoon(() => isFull(database, rows), 20_000, 'the disk did not become full')
}

/** Whether so many rows of a page each do not fit any more; if they do, they are there. */
const isFull = (database: pg.Pool, rows: number) =>
  database.query(`insert into filler select repeat(md5(random()::text), 200) from generate_series(1, ${rows})`).then(
    () => false,
    () => true,
  )
