import type { Failure, FieldError, RefusalCode } from '@viatra-chat/contract'

/**
 * Why something did not happen: a code of the contract, or one of the client's own. `OFFLINE`: there is no connection; `NO_ANSWER`: none in time,
 * whether it happened is open; `NETWORK`: the server was not reached; `QUEUE_FULL`: too many messages wait; `CLOSED`: the client was closed;
 * `NO_TOKEN`: `getToken` failed; `STORAGE`: what was to be kept could not be loaded or saved.
 */
export type ChatErrorCode = RefusalCode | 'OFFLINE' | 'NO_ANSWER' | 'NETWORK' | 'QUEUE_FULL' | 'CLOSED' | 'NO_TOKEN' | 'STORAGE'

/** What is known of a failure beside its code. */
export interface ChatErrorDetails {
  /** Every field that is wrong, of a VALIDATION_ERROR. */
  errors?: readonly FieldError[] | undefined
  /** Seconds after which it may go better. */
  retryAfterS?: number | undefined
  /** Names the call in the logs of the server. */
  requestId?: string | undefined
  /** What was caught. */
  cause?: unknown
}

/** The one kind of error that the client throws, rejects with and tells in its `error` event. */
export class ChatError extends Error {
  /** Always `ChatError`. */
  override readonly name = 'ChatError'
  /** Every field that is wrong, of a VALIDATION_ERROR. */
  readonly errors: readonly FieldError[] | undefined
  /** Seconds after which it may go better. */
  readonly retryAfterS: number | undefined
  /** Names the call in the logs of the server. */
  readonly requestId: string | undefined

  constructor(
    /** For programs: a code of the contract, or one of the client's own. */
    readonly code: ChatErrorCode,
    message: string,
    { errors, retryAfterS, requestId, cause }: ChatErrorDetails = {},
  ) {
    super(message, { cause })
    this.errors = errors
    this.retryAfterS = retryAfterS
    this.requestId = requestId
  }
}

/** A failure as REST bodies and acknowledgements carry it. */
export function fromFailure(failure: Failure): ChatError {
  const { code, message, errors, retry_after: retryAfterS, request_id: requestId } = failure
  return new ChatError(code, message, { errors, retryAfterS, requestId })
}

/** Wraps what is not a ChatError yet. */
export function asChatError(error: unknown, code: ChatErrorCode): ChatError {
  if (error instanceof ChatError) return error
  return new ChatError(code, error instanceof Error ? error.message : String(error), { cause: error })
}

/** Whether the same call may succeed later: nobody said no to it. */
export function isPassing({ code }: ChatError): boolean {
  return passing.has(code)
}

const passing = new Set<ChatErrorCode>(['OFFLINE', 'NO_ANSWER', 'NETWORK', 'RATE_LIMITED', 'UNAVAILABLE', 'NO_TOKEN'])
