/** What may be wrong with the catalogue when it is opened, or written. */

export type CatalogueErrorCode =
  /** Written by a newer program. Untouched. */
  | 'newer'
  /** Not a database, or a damaged one. It can be derived again. */
  | 'corrupt'
  /** The disk has no room for what has to be written before it can be used. Untouched. */
  | 'no-space'
  /** The operating system does not let us read or write it. Untouched. */
  | 'unusable'
  /** The disk that holds it is full. Nothing of the transaction was kept. */
  | 'full'
  /** The disk that holds it fails. Nothing of the transaction was kept. */
  | 'io'

export class CatalogueError extends Error {
  override readonly name = 'CatalogueError'
  readonly code: CatalogueErrorCode

  constructor(code: CatalogueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
