import type pg from 'pg'

/** Classes of data, from the most delicate on. */
export const dataClasses = {
  content: 'what people say or write: may be of health',
  identity: 'says who somebody is',
  contact: 'reaches a person or a device',
  behaviour: 'what somebody did, and when',
  reference: 'an id: personal only together with what it names',
  technical: 'not about anybody',
} as const

/** What the comment of a column says: `class | purpose | kept`. */
export interface MappedColumn {
  table: string
  column: string
  class: keyof typeof dataClasses
  purpose: string
  kept: string
}

/** All columns of the product's tables; those without a comment of the right form apart. */
export async function readDataMap(client: pg.ClientBase): Promise<{ columns: MappedColumn[]; unmapped: string[] }> {
  const { rows } = await client.query<{ table: string; column: string; comment: string | null }>(`
    select c.relname as table, a.attname as column, col_description(c.oid, a.attnum) as comment
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname not like 'chat\\_migrations%'
    order by c.relname collate "C", a.attnum`)
  const read = rows.map(({ table, column, comment }) => ({
    name: `${table}.${column}`,
    mapped: parseComment(table, column, comment ?? ''),
  }))
  return {
    columns: read.flatMap(({ mapped }) => mapped ?? []),
    unmapped: read.filter(({ mapped }) => !mapped).map(({ name }) => name),
  }
}

/** What a migration has to say for a column that the map lacks. */
export function missingComment(column: string): string {
  const classes = Object.keys(dataClasses).join(', ')
  return (
    `${column} is not in the data map. Add to the migration that makes it:\n` +
    `  COMMENT ON COLUMN ${column} IS 'class | what for | how long it is kept';\n` +
    `where class is one of ${classes}; then run \`pnpm generate\`.`
  )
}

/** The map for people, as Markdown. */
export function dataMapText(columns: readonly MappedColumn[]): string {
  const tables = [...new Set(columns.map(({ table }) => table))]
  return `${[header(), ...tables.map((table) => tableText(columns.filter((column) => column.table === table)))].join('\n\n')}\n`
}

function parseComment(table: string, column: string, comment: string): MappedColumn | undefined {
  const [name = '', purpose, kept, ...more] = comment.split(' | ')
  if (!Object.hasOwn(dataClasses, name) || !purpose || !kept || more.length > 0) return undefined
  return { table, column, class: name as keyof typeof dataClasses, purpose, kept }
}

function header(): string {
  const classes = Object.entries(dataClasses).map(([name, meaning]) => `- **${name}**: ${meaning}`)
  return [
    '# Data map',
    '',
    'Every column of the database: what it holds, what for, how long. Written by `pnpm generate` from the comments in the migrations and compared by a test: do not edit.',
    'What Redis holds lives minutes (cached pages, typing, presence, budgets), but for `presence:lastseen:*`, which erasure removes.',
    '',
    ...classes,
  ].join('\n')
}

function tableText(columns: readonly MappedColumn[]): string {
  const rows = columns.map((each) => `| \`${each.column}\` | ${each.class} | ${each.purpose} | ${each.kept} |`)
  return [`## ${columns[0]?.table}`, '', '| column | class | what for | kept |', '|---|---|---|---|', ...rows].join('\n')
}
