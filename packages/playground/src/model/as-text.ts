import { ChatError } from '@viatra-chat/client'

/** What went wrong, in a sentence for people. */
export function asText(error: unknown): string {
  if (!(error instanceof ChatError)) return String(error)
  if (error.code === 'NETWORK') return 'The server could not be reached.'
  const fields = error.errors?.map(({ path, message }) => `${path} ${message}`).join('; ')
  return fields ? `${error.message} ${fields}.` : error.message
}
