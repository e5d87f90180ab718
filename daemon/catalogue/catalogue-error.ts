/** What may be wrong with the catalogue when it is opened. */

export type CatalogueErrorCode =
  /** Written by a newer program. Untouched. */
  | 'newer'
  /** Not a database, or a damaged one. It can be derived again. */
  | 'corrupt'
  /** The disk has no room for what has to be written before it can be used. Untouched. */
  | 'no-space'
  /** The operating system does not let us read or write it. Untouched. */
  | 'unusable'

export class CatalogueError extends Error {
  override readonly name = 'CatalogueError'
  readonly code: CatalogueErrorCode

  constructor(code: CatalogueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
