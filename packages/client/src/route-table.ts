import { operations, type Operation } from '@viatra-chat/contract'

/** The text of `routes.generated.ts`: where each operation is met over REST. So the schemas behind the operations stay out of bundles. */
export function routeTable(): string {
  const lines = Object.entries(operations).flatMap(([name, { rest }]: [string, Operation]) =>
    rest ? [`  ${name}: ['${rest.method}', '${rest.path}'],`] : [],
  )
  return [
    '// Generated from the contract by `pnpm generate`.',
    "import type { OperationName } from '@viatra-chat/contract'",
    '',
    '/** Method and path of every operation with a REST door. Each `:name` in a path is a property of the input. */',
    'export const routes = {',
    ...lines,
    '} as const satisfies Partial<Record<OperationName, readonly [method: string, path: string]>>',
    '',
  ].join('\n')
}
