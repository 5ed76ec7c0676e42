// Bytes printed the way Erlang prints a binary: RabbitMQ's error texts quote offending bytes like this.

/** More than this many bytes are cut off: a reply text holds 255. */
const SHOWN_BYTES_MAX = 48;

/** `<<"abc">>` when every byte is printable, else `<<0,50,0>>`. */
export function erlangBinary(bytes: Uint8Array): string {
  const isPrintable = bytes.length > 0 && bytes.every((octet) => octet >= 0x20 && octet < 0x7f);
  const shown = bytes.subarray(0, SHOWN_BYTES_MAX);
  if (!isPrintable) {
    return `<<${shown.join(",")}${bytes.length > shown.length ? ",..." : ""}>>`;
  }
  const text = Buffer.from(shown).toString("latin1").replaceAll(/["\\]/g, "\\$&");
  return `<<"${text}${bytes.length > shown.length ? "..." : ""}">>`;
}

/** `<<0,0,255>>` whatever the bytes are, as in "cannot decode <<0,0,255>>". */
export function erlangOctets(bytes: Uint8Array): string {
  const shown = bytes.subarray(0, SHOWN_BYTES_MAX);
  return `<<${shown.join(",")}${bytes.length > shown.length ? ",..." : ""}>>`;
}
