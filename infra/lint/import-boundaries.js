/**
 * Who may import what. Dependencies point one way: services → chat → contract and db, services → runtime, testkit from
 * tests only. pnpm's `exports` keep packages apart; these rules keep the direction.
 */
const SQL_IS_PRIVATE = {
  regex: String.raw`^(?!\./[^/]+$).*\.sql\.js$`,
  message: 'SQL is private to its folder: call the function that owns it.',
}

const NO_TESTKIT = { regex: String.raw`^@viatra-chat/(testkit|local|acceptance)(/|$)`, message: 'Only tests import the testkit.' }

const NO_OTHER_PACKAGE_BY_PATH = {
  regex: String.raw`^(\.\./)+(packages|services|db|infra|acceptance)/`,
  message: 'Import another package by its name.',
}

const BOUNDARIES = [
  {
    files: ['packages/contract/src/**'],
    // It writes the documents that are derived from the contract; nothing imports it.
    ignores: ['packages/contract/src/generate.ts'],
    patterns: [{ regex: String.raw`^(?!\.{1,2}/|#typebox(/|$))`, message: 'The contract imports typebox only.' }],
  },
  {
    files: ['packages/client/src/**'],
    // It writes what is derived from the contract; nothing imports it.
    ignores: ['packages/client/src/generate.ts'],
    patterns: [
      {
        regex: String.raw`^(?!\.{1,2}/|@viatra-chat/contract$|socket\.io-client$)`,
        message: 'The client runs in browsers and stays small.',
      },
    ],
  },
  {
    files: ['packages/playground/src/**'],
    patterns: [
      {
        regex: String.raw`^(?!\.{1,2}/|@viatra-chat/client$|preact(/hooks)?$|@preact/signals$)`,
        message: 'The playground is built as an app would be: on the client alone.',
      },
    ],
  },
  {
    files: ['packages/chat/src/**'],
    patterns: [
      { regex: String.raw`^(fastify|@fastify/.*|socket\.io(-.*)?)(/|$)`, message: 'The domain knows no transport.' },
      { regex: String.raw`^@viatra-chat/(?!(contract|db)$)`, message: 'The domain imports the contract and db only.' },
    ],
  },
  {
    files: ['packages/chat/src/**/*-cli.ts'],
    patterns: [
      {
        regex: String.raw`^@viatra-chat/(?!(contract|db|runtime)$)`,
        message: 'A command is a process of its own: besides, it reads its configuration as the services do.',
      },
    ],
  },
  {
    files: ['packages/runtime/src/**'],
    patterns: [{ regex: '^@viatra-chat/', message: 'The runtime knows no domain.' }],
  },
  {
    files: ['db/src/**'],
    patterns: [{ regex: '^@viatra-chat/', message: 'db stands below everything else.' }],
  },
  {
    files: ['services/*/src/**'],
    patterns: [
      { regex: String.raw`^(kysely|pg|@viatra-chat/db)(/|$)`, message: 'Services reach the database through the domain.' },
      { regex: String.raw`^@viatra-chat/(api|gateway)(/|$)`, message: 'Services never import each other.' },
    ],
  },
]

/** Flat-config objects; where several match a file the last one counts, so each repeats what holds everywhere. */
export const importBoundaries = [
  restrict(['**/src/**'], [NO_TESTKIT, NO_OTHER_PACKAGE_BY_PATH]),
  restrict(['packages/testkit/**', 'infra/**', '**/test/**', 'acceptance/**', 'bench/**'], []),
  ...BOUNDARIES.map(({ files, ignores, patterns }) => restrict(files, [NO_TESTKIT, NO_OTHER_PACKAGE_BY_PATH, ...patterns], ignores)),
]

function restrict(files, patterns, ignores = []) {
  return { files, ignores, rules: { 'no-restricted-imports': ['error', { patterns: [SQL_IS_PRIVATE, ...patterns] }] } }
}
