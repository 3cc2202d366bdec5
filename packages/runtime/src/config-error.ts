/** The environment does not make a usable configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  /** @param problems one line each, beginning with the variable: `PORT: must be …`. Holds no secret values. */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'))
  }
}
