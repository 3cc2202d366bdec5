import { relative, sep } from 'node:path'

/** Drawers that collect what nobody named. */
const FORBIDDEN = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'shared', 'lib'])
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/

/** Files and folders are kebab-case and named for an idea. */
export const fileNames = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      kebabCase: '"{{name}}" is not kebab-case.',
      forbidden: '"{{name}}" says nothing about what is inside: name the idea.',
    },
  },
  create(context) {
    return {
      Program(node) {
        for (const name of relative(context.cwd, context.filename).split(sep)) {
          const [stem = name] = name.replace(/^\./, '').split('.')
          if (FORBIDDEN.has(stem)) context.report({ node, messageId: 'forbidden', data: { name } })
          else if (!KEBAB_CASE.test(name.replace(/^\./, ''))) context.report({ node, messageId: 'kebabCase', data: { name } })
        }
      },
    }
  },
}
