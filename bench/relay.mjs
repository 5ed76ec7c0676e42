// The physical limit: a Node process that reads from one socket, walks over the frames and writes them to another.
// The first byte a connection sends is its role: S takes what comes through, P sends it. Usage: node bench/relay.mjs

import net from "node:net";

const READ_BYTES = 262_144;
const FRAME_OVERHEAD_BYTES = 8;

let sink;
let toSkip = 0;
let frames = 0;

/** Steps from frame header to frame header, as any broker must. */
function walk(bytes, from, end) {
  let at = from + toSkip;
  while (at + 7 <= end) {
    frames++;
    at += bytes.readUInt32BE(at + 3) + FRAME_OVERHEAD_BYTES;
  }
  toSkip = Math.max(0, at - end);
}

const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
  // Node has no public way to accept a socket with a read buffer of our own.
  const handle = accepted._handle;
  accepted._handle = null;
  const spare = [];
  let current = Buffer.allocUnsafeSlow(READ_BYTES);
  let isKnown = false;
  const callback = (length, bytes) => {
    let from = 0;
    if (!isKnown) {
      isKnown = true;
      from = 1;
      if (bytes[0] === 0x53) sink = socket;
      if (length === 1) return true;
    }
    walk(bytes, from, length);
    if (sink === undefined) return true;
    const hasRoom = sink.write(bytes.subarray(from, length));
    if (sink.writableLength === 0) return true;
    const inFlight = current;
    current = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
    if (!hasRoom) {
      socket.pause();
      sink.once("drain", () => {
        spare.push(inFlight);
        socket.resume();
      });
    }
    return true;
  };
  const socket = new net.Socket({ handle, onread: { buffer: () => current, callback } });
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("close", () => {
    toSkip = 0;
    if (socket === sink) sink = undefined;
  });
  socket.resume();
});

server.listen(0, "127.0.0.1", () => console.log(`relay on port ${server.address().port}`));
process.on("SIGTERM", () => process.exit(frames < 0 ? 1 : 0));
