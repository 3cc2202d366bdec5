/** What tokens are checked against: exactly one key, whose kind pins the accepted algorithm. */
export type TokenOptions = TokenKey & {
  /** The `iss` a token must have, when set. */
  readonly issuer?: string
  /** The `aud` a token must name, when set. */
  readonly audience?: string
}

export type TokenKey =
  /** HS256. */
  | { readonly secret: string; readonly publicKey?: never; readonly jwksUrl?: never }
  /** PEM: RS256 for an RSA key, ES256 for one on P-256. */
  | { readonly publicKey: string; readonly secret?: never; readonly jwksUrl?: never }
  /** A published key set: RS256 or ES256, by the type of the key that the token names. */
  | { readonly jwksUrl: string; readonly secret?: never; readonly publicKey?: never }
