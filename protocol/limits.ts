/** Every number that both sides keep to, with its unit and its reason. */

const KIB = 1024
const MIB = 1024 * KIB

/** The unit that is asked for, verified and resumed. 1 MiB keeps chunk lists small (32 B per MiB) and frames few. */
export const CHUNK_BYTES = 1 * MIB
/** A BLAKE3 hash. */
export const HASH_BYTES = 32
/** An Ed25519 or X25519 public key. */
export const KEY_BYTES = 32
/** An Ed25519 signature. */
export const SIGNATURE_BYTES = 64

/** Nesting of arrays in any wire object; the deepest today is 6. */
export const CBOR_DEPTH_MAX = 16

/** Bytes of one component of a path: what ext4, APFS and NTFS can hold. */
export const PATH_COMPONENT_BYTES_MAX = 255
/** Bytes of a whole path: Linux's PATH_MAX. */
export const PATH_BYTES_MAX = 4096
/** Components of a path: bounds recursion on every side. */
export const PATH_DEPTH_MAX = 128
/** Bytes of a symbolic link's target. */
export const SYMLINK_BYTES_MAX = 4095
/** Bytes of the name of a device, folder or group, in UTF-8. */
export const NAME_BYTES_MAX = 128

/** Devices in one group, removed ones not counted: the catalogue keeps holders in one 53-bit integer. */
export const GROUP_DEVICES_MAX = 48
/** Devices in the vectors of one segment. */
export const VECTOR_DEVICES_MAX = 64
/** Entries of one segment. */
export const SEGMENT_ENTRIES_MAX = 4096
/** Bytes of one segment's body. */
export const SEGMENT_BYTES_MAX = 1 * MIB
/** Bytes of a head's body: ten times what it needs today. */
export const HEAD_BYTES_MAX = 2 * KIB
/** Unknown keys that an entry may carry along, and the bytes of each value. */
export const EXTRA_KEYS_MAX = 16
export const EXTRA_VALUE_BYTES_MAX = 8 * KIB
/** The largest file: 2^48 bytes, so that sums stay exact in a double. */
export const FILE_BYTES_MAX = 2 ** 48
/** Folders of one group. */
export const FOLDERS_MAX = 1024
/** Operations of one group log: twenty devices make under 200. */
export const GROUP_OPS_MAX = 10_000
/** Bytes of one group operation. */
export const GROUP_OP_BYTES_MAX = 16 * KIB
/** What a stranger may send on /holt/group/1. */
export const STRANGER_GROUP_BYTES_MAX = 256 * KIB

/** A metadata frame on the wire, and what it may inflate to (8 times). */
export const META_FRAME_BYTES_MAX = 2 * MIB
export const META_INFLATED_BYTES_MAX = 8 * META_FRAME_BYTES_MAX
/** A blob frame: one chunk and its header. */
export const BLOB_FRAME_BYTES_MAX = CHUNK_BYTES + 64 * KIB
/** Declared bytes of one `Get` or `GetMany`. */
export const BLOB_REQUEST_BYTES_MAX = 4 * MIB
/** Hashes of one `GetMany`. */
export const GET_MANY_MAX = 1024
/** Chunk hashes of one `Chunks` reply: 512 KiB. */
export const CHUNKS_REPLY_MAX = 16_384
/** Ranges of one `ranges` request: gaps of a few chunks, so that its header stays far below a frame. */
export const RANGES_MAX = 1024
/** Regions that one ask for a fine list names: 20 KiB at most. What lies in further ones is asked for next. */
export const FINE_REGIONS_MAX = 1024
/** The average of fine chunks, as a power of two of bytes: 4 KiB fits pages of databases, 64 KiB keeps a list at 0.02 %. */
export const FINE_BITS_MIN = 12
export const FINE_BITS_MAX = 16
/** Fine chunks of one frame: 48 KiB, which a slow line carries within a second. */
export const FINE_FRAME_CHUNKS_MAX = 4096
/** A frame about fine chunks. */
export const FINE_FRAME_BYTES_MAX = 64 * KIB
/** How long either side of a fine list may be silent, in milliseconds: plain chunks wait for it. */
export const FINE_SILENCE_MS = 10_000
/** Requests that one stream may have open at a server. */
export const BLOB_REQUESTS_OPEN_MAX = 64
/** Bytes of a chunk list that is fetched: a file of 2 TiB, so that a false size cannot fill the memory. */
export const CHUNK_LIST_BYTES_MAX = 64 * MIB
/** Bytes that a device asks for ahead from one peer (by rate and round trip, between these), and from all of them. */
export const BLOB_WINDOW_BYTES_MIN = 1 * MIB
export const BLOB_WINDOW_BYTES_MAX = 16 * MIB
export const BLOB_WINDOWS_BYTES_MAX = 32 * MIB
/** How long an asked peer may be silent before what it owes is asked elsewhere, in milliseconds: 17 kB/s at the least. */
export const BLOB_SILENCE_MS = 60_000

/** A pairing frame. */
export const PAIR_FRAME_BYTES_MAX = 4 * KIB
/** The frame that carries the welcome: the group log. */
export const PAIR_WELCOME_BYTES_MAX = 256 * KIB
/** A frame about ports. */
export const PORT_FRAME_BYTES_MAX = 64
/** A frame about kept versions, and how many of them, or of steps, or of paths, one frame tells. */
export const KEPT_FRAME_BYTES_MAX = 4 * MIB
export const KEPT_ITEMS_MAX = 512
/** Kept versions, or steps, that one question is answered with at most: the newest. */
export const KEPT_ANSWER_MAX = 10_000
/** How long an asked device may be silent, in milliseconds: it may be copying a large file. */
export const KEPT_SILENCE_MS = 10 * 60_000
/** A frame about clocks. */
export const CLOCK_FRAME_BYTES_MAX = 64
/** One step and the whole of a pairing run, in milliseconds. */
export const PAIR_STEP_MS = 20_000
export const PAIR_RUN_MS = 60_000
/** How long a shown code lives, in milliseconds. */
export const PAIR_CODE_LIFE_MS = 10 * 60_000
/** Wrong tags that burn a code. */
export const PAIR_FAILURES_PER_CODE = 3
/** Wrong tags an hour that close pairing until a person opens it again. */
export const PAIR_FAILURES_PER_HOUR = 10

/** Silence after which a session is given up, in milliseconds; a live session says something every third of it. */
export const SESSION_SILENCE_MS = 30_000
/** How long a peer that sent a wrong chunk is not asked again, in milliseconds. */
export const LIAR_BAN_MS = 60 * 60_000

/** Characters of recovery words as a person types them: twelve words of eight letters, numbered and spaced at will. */
export const RECOVERY_TEXT_CHARACTERS_MAX = 500
