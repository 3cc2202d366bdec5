import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { fileNames } from './infra/lint/file-names.js'
import { importBoundaries } from './infra/lint/import-boundaries.js'

const SOURCES = ['packages/*/src/**/*.{ts,tsx}', 'services/*/src/**/*.ts', 'db/src/**/*.ts', 'infra/*/src/**/*.ts']
const TESTS = ['**/test/**/*.ts', 'acceptance/**/*.ts', 'bench/**/*.ts', 'vitest.config.ts']
/** What people and machines run by hand: it prints, and it reads the environment. */
const COMMANDS = ['infra/**', '**/*-cli.ts', '**/generate.ts', 'bench/**']

const DOUBLE_ASSERTION = {
  selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
  message: 'A double assertion silences the compiler: parse the value.',
}
const ENVIRONMENT = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'The environment is read once, by readConfig; main.ts passes it.',
}

const ALL_COLUMNS = {
  selector: 'CallExpression > MemberExpression[property.name=/^(selectAll|returningAll)$/]',
  message: 'A planned statement fails once its table gets a column: name the columns.',
}

export default defineConfig(
  globalIgnores(['**/dist/', '**/generated/', '**/.cache/', '**/.data/', '**/coverage/']),

  js.configs.recommended,
  {
    plugins: { local: { rules: { 'file-names': fileNames } } },
    rules: {
      'local/file-names': 'error',
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'object-shorthand': 'error',
      'no-misleading-character-class': ['error', { allowEscape: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 3],
      complexity: ['error', 12],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    // Node's; these files are not type-checked, so that undefined names are found here.
    languageOptions: {
      globals: Object.fromEntries(
        ['AbortSignal', 'Buffer', 'clearTimeout', 'console', 'fetch', 'performance', 'process', 'setImmediate', 'setTimeout', 'URL'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },

  // Read by people who write their first lines against the client: in Node, and in a page.
  {
    files: ['packages/client/examples/*.mjs'],
    rules: { 'no-console': 'off' },
    languageOptions: { globals: { atob: 'readonly', document: 'readonly', location: 'readonly', URLSearchParams: 'readonly' } },
  },
  // k6 gives these to its scripts.
  { files: ['infra/load/k6/*.js'], languageOptions: { globals: { open: 'readonly', __ENV: 'readonly' } } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // A function may be async because its type says so; what it awaits is its own affair.
      '@typescript-eslint/require-await': 'off',
      // Objects here are closures rather than instances: their functions need no `this`.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-syntax': ['error', DOUBLE_ASSERTION, ENVIRONMENT, ALL_COLUMNS],
    },
  },
  {
    files: [...SOURCES, ...TESTS],
    // One program for everything takes half the time of one per package; it reads other packages' built types, so build first.
    languageOptions: { parserOptions: { project: 'tsconfig.lint.json', tsconfigRootDir: import.meta.dirname } },
  },

  ...importBoundaries,

  { files: ['**/*.generated.ts'], rules: { 'max-lines': 'off' } },
  { files: [...COMMANDS, '**/main.ts'], rules: { 'no-restricted-syntax': ['error', DOUBLE_ASSERTION] } },
  { files: COMMANDS, rules: { 'no-console': 'off' } },
  {
    files: [...TESTS, '**/test/**/*.mjs', 'packages/testkit/**'],
    rules: {
      'max-lines': ['error', { max: 800, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
      'no-console': 'off',
      'no-restricted-syntax': 'off',
      // Answers over the wire have no type until a test has looked at them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
)
