// Digests and key derivation as an interface, so that the core stays free of the system's crypto library.

export type DigestName = "md5" | "sha256" | "sha512";

export interface Hashing {
  /** The digest of the parts, one after the other. */
  digest(name: DigestName, parts: readonly Uint8Array[]): Uint8Array;
  /** Compares in a time that depends on the lengths alone. */
  sameBytes(a: Uint8Array, b: Uint8Array): boolean;
  /** scrypt with N = 16,384, r = 8, p = 1, 32 bytes: about 45 ms of another thread. Answers in a later turn. */
  scrypt(password: string, salt: Uint8Array, onKey: (key: Uint8Array) => void): void;
}
