/** A database or cache that is there to be used. */
export interface Store {
  /** `postgres://…` (to the database that applications use) or `redis://…`. */
  url: string
  /** Where it comes from, for people: `PostgreSQL 15 (embedded)`. */
  origin: string
  /** Where its data lies, if that is ours to know. */
  dataDir?: string
  /** Stops it in an orderly way; nothing is done to a store that was only given to us. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): void
}

/** A store that somebody else runs. */
export function givenStore(url: string, origin: string): Store {
  return { url, origin, stop: () => Promise.resolve(), kill: () => undefined }
}
