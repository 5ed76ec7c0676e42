// Hands the person a file to save.

/** Starts a download of `content` under the given file name. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the content up by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
