// The memory all connections of this process read into. A read is handled before the next one begins, so one is enough.

import { type ByteBlock, byteBlock } from "../../lib/byte-block.ts";

/** The largest frame a connection negotiates. */
export const FRAME_BYTES_MAX = 131_072;
/** Room before the read area, where the unfinished frame of the last read is put back. */
const HEADROOM_BYTES = FRAME_BYTES_MAX + 64;
/** Small enough to stay in a processor's cache. */
const READ_BYTES = 1 << 18;

const memory = new Uint8Array(HEADROOM_BYTES + READ_BYTES);

export const readBlock: ByteBlock = byteBlock(memory);
/** Where bytes from a socket begin. */
export const READ_AT = HEADROOM_BYTES;
/** What sockets read into. */
export const readArea: Uint8Array = memory.subarray(HEADROOM_BYTES);
