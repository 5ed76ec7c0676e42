// Hashing by Node's crypto module.

import { createHash, scrypt, timingSafeEqual } from "node:crypto";
import type { Hashing } from "./hashing.ts";

const SCRYPT_KEY_BYTES = 32;

export const nodeHashing: Hashing = {
  digest(name, parts) {
    const hash = createHash(name);
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  sameBytes: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  scrypt(password, salt, onKey) {
    scrypt(password, salt, SCRYPT_KEY_BYTES, (error, key) => {
      if (error !== null) throw error;
      onKey(key);
    });
  },
};
