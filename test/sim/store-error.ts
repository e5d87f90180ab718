/** Errors of the simulated store: the codes that the port names. */

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: 'wrong-hash' | 'no-space' | 'missing' | 'io'

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
