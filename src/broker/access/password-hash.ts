// Passwords as RabbitMQ stores them: base64 of a 4-byte salt and the digest of salt and password. One table row per
// algorithm. scrypt (16 bytes of salt, 32 of key) is our own: RabbitMQ cannot import it.

import type { Random } from "../../env/env.ts";
import type { DigestName, Hashing } from "../../env/hashing.ts";

export interface PasswordHash {
  /** As in definitions: "rabbit_password_hashing_sha256". */
  readonly algorithm: string;
  /** base64 of salt and digest. */
  readonly value: string;
}

export interface HashAlgorithm {
  readonly name: string;
  readonly saltBytes: number;
  readonly lengthBytes: number;
  /** Old hashes are verified; new passwords are not stored this way. */
  readonly verifyOnly: boolean;
  derive(
    hashing: Hashing,
    salt: Uint8Array,
    password: string,
    onDerived: (digest: Uint8Array) => void,
  ): void;
}

const utf8 = new TextEncoder();

function salted(name: string, digest: DigestName, digestBytes: number, verifyOnly: boolean) {
  return {
    name,
    saltBytes: 4,
    lengthBytes: 4 + digestBytes,
    verifyOnly,
    derive(
      hashing: Hashing,
      salt: Uint8Array,
      password: string,
      onDerived: (digest: Uint8Array) => void,
    ) {
      onDerived(hashing.digest(digest, [salt, utf8.encode(password)]));
    },
  };
}

const scrypt: HashAlgorithm = {
  name: "leveret_password_hashing_scrypt",
  saltBytes: 16,
  lengthBytes: 48,
  verifyOnly: false,
  derive: (hashing, salt, password, onDerived) => hashing.scrypt(password, salt, onDerived),
};

export const SHA256 = "rabbit_password_hashing_sha256";

export const hashAlgorithms: ReadonlyMap<string, HashAlgorithm> = new Map(
  [
    salted(SHA256, "sha256", 32, false),
    salted("rabbit_password_hashing_sha512", "sha512", 64, false),
    salted("rabbit_password_hashing_md5", "md5", 16, true),
    scrypt,
  ].map((algorithm) => [algorithm.name, algorithm]),
);

/** A hash that no password has; verifying against it costs what a real one costs. */
export const IMPOSSIBLE_HASH: PasswordHash = {
  algorithm: SHA256,
  value: Buffer.alloc(36).toString("base64"),
};

/** The stored form of `password` by `algorithm`, a name of the table that is not for verifying only. */
export function hashPassword(
  hashing: Hashing,
  random: Random,
  algorithm: string,
  password: string,
  onHash: (hash: PasswordHash) => void,
): void {
  const row = hashAlgorithms.get(algorithm);
  const chosen = row === undefined || row.verifyOnly ? hashAlgorithms.get(SHA256) : row;
  const { saltBytes, name, derive } = chosen as HashAlgorithm;
  const salt = new Uint8Array(saltBytes);
  random.fill(salt);
  derive(hashing, salt, password, (digest) => {
    onHash({ algorithm: name, value: Buffer.concat([salt, digest]).toString("base64") });
  });
}

/** Answers (now or later) whether the password belongs to the hash. A damaged hash belongs to none. */
export function verifyPassword(
  hashing: Hashing,
  hash: PasswordHash,
  password: string,
  onVerified: (isRight: boolean) => void,
): void {
  const algorithm = hashAlgorithms.get(hash.algorithm);
  const bytes = Buffer.from(hash.value, "base64");
  if (algorithm === undefined || bytes.length !== algorithm.lengthBytes) return onVerified(false);
  const salt = bytes.subarray(0, algorithm.saltBytes);
  const expected = bytes.subarray(algorithm.saltBytes);
  algorithm.derive(hashing, salt, password, (digest) =>
    onVerified(hashing.sameBytes(digest, expected)),
  );
}

/** Whether a hash from outside can be verified at all. */
export function isUsableHash(hash: PasswordHash): boolean {
  const algorithm = hashAlgorithms.get(hash.algorithm);
  return Buffer.from(hash.value, "base64").length === algorithm?.lengthBytes;
}
