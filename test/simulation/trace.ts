// What happened in a run, as one number: equal seeds must give equal traces.

/** FNV-1a over everything that was added. */
export class Trace {
  #hash = 0x811c9dc5;
  count = 0;

  add(text: string): void {
    this.count++;
    for (let i = 0; i < text.length; i++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    }
  }

  get digest(): string {
    return `${this.count}-${(this.#hash >>> 0).toString(16)}`;
  }
}
