// Addresses as logs and listings may show them.

/** Without user names, passwords and queries, which may hold tokens; other text stays as it is. */
export function withoutSecrets(text: string): string {
  return text.replace(/(https?:\/\/)(?:[^\s/?#@]*@)?([^\s?#]*)(\?[^\s#]*)?/g, (...parts) => {
    const [, scheme, rest, query] = parts as readonly (string | undefined)[];
    return `${scheme}${rest}${query === undefined ? "" : "?***"}`;
  });
}
