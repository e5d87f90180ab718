/** Errors of the network between devices. */

export type PeerErrorCode =
  /** No connection with the device, and none could be made. */
  | 'offline'
  /** Connected, and one of the two sides does not allow or handle the protocol. */
  | 'refused'
  /** Connected, and the other side speaks only later versions of the protocol. */
  | 'newer'
  /** The stream ended as a fault: aborted, or the connection was lost. */
  | 'gone'
  /** A frame over the limit of its protocol. */
  | 'too-large'
  /** The port that was asked for by name is taken. */
  | 'port-in-use'
  /** An address that is not `HOST`, `HOST:PORT` or `[IPV6]:PORT`. */
  | 'bad-address'

export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly code: PeerErrorCode

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
