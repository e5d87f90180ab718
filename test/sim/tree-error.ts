/** Errors of the simulated folder, store and state files: the codes that the ports name. */

export class TreeError extends Error {
  override readonly name = 'TreeError'
  readonly code: 'changed' | 'missing' | 'io'

  constructor(code: TreeError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: 'wrong-hash' | 'no-space' | 'missing' | 'io'

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
