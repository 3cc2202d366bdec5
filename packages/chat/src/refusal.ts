import { refusals, type Failure, type FieldError, type RefusalCode } from '@viatra-chat/contract'

export interface RefusalDetails {
  /** Replaces the sentence of the table. */
  message?: string
  errors?: FieldError[]
  /** Seconds a client should wait before it tries again. */
  retryAfterS?: number
}

/** An expected "no", with a code of the contract. Thrown anywhere, it rolls the transaction back; only the two edges turn it into an answer. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly errors: FieldError[] | undefined
  readonly retryAfterS: number | undefined

  constructor(code: RefusalCode, details: RefusalDetails = {}) {
    super(details.message ?? refusals[code].message)
    this.name = 'Refusal'
    this.code = code
    this.errors = details.errors
    this.retryAfterS = details.retryAfterS
  }

  get status(): number {
    return refusals[this.code].status
  }
}

/** A refusal for fields that are wrong. */
export function invalid(...errors: FieldError[]): Refusal {
  return new Refusal('VALIDATION_ERROR', { errors })
}

/** The failure envelope that REST bodies and acknowledgements share. */
export function toFailure(refusal: Refusal, requestId: string): Failure {
  return {
    success: false,
    code: refusal.code,
    message: refusal.message,
    ...(refusal.errors && { errors: refusal.errors }),
    ...(refusal.retryAfterS !== undefined && { retry_after: refusal.retryAfterS }),
    request_id: requestId,
  }
}
