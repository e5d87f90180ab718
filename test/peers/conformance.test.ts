/** The libp2p transport keeps to the port. */

import { describePeerTransport } from '../conformance/peer-transport.ts'
import { openRealNetwork } from './real-network.ts'

describePeerTransport('libp2p over TLS on loopback', openRealNetwork)
