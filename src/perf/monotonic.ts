// A clock that every process of one machine agrees on, in microseconds; performance.now() alone counts from each process's start.

const [seconds, nanoseconds] = process.hrtime();
const offsetUs = seconds * 1e6 + nanoseconds / 1e3 - performance.now() * 1e3;

/** Microseconds since the machine started; never jumps, and is the same in every process of this machine. */
export function monotonicUs(): number {
  return offsetUs + performance.now() * 1e3;
}
