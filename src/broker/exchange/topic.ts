// topic: keys are words between dots; in a binding `*` stands for one word and `#` for any number, none included.
// Patterns share a trie. Matching walks it with the set of nodes that are possible after each word, each node once
// per word, so that two `#` or twenty cost the same: words times nodes that can be reached, never more.

import { DestinationBag } from "./destination-bag.ts";
import type {
  Binding,
  ExchangeRouter,
  ExchangeType,
  RoutedMessage,
  TargetSet,
} from "./exchange.ts";

const ONE_WORD = "*";
const ANY_WORDS = "#";

class TrieNode {
  words: Map<string, TrieNode> | undefined = undefined;
  oneWord: TrieNode | undefined = undefined;
  anyWords: TrieNode | undefined = undefined;
  /** Where bindings that end here lead. */
  destinations: DestinationBag | undefined = undefined;
  /** The step that met this node last: it is taken once per word. */
  step = 0;
  /** Reached by `#`: stays possible whatever comes. */
  readonly staysOn: boolean;

  constructor(staysOn: boolean) {
    this.staysOn = staysOn;
  }

  get isEmpty(): boolean {
    return (
      this.destinations === undefined &&
      this.words === undefined &&
      this.oneWord === undefined &&
      this.anyWords === undefined
    );
  }

  child(word: string): TrieNode | undefined {
    if (word === ONE_WORD) return this.oneWord;
    if (word === ANY_WORDS) return this.anyWords;
    return this.words?.get(word);
  }

  addChild(word: string): TrieNode {
    const child = new TrieNode(word === ANY_WORDS);
    if (word === ONE_WORD) this.oneWord = child;
    else if (word === ANY_WORDS) this.anyWords = child;
    else {
      this.words ??= new Map();
      this.words.set(word, child);
    }
    return child;
  }

  deleteChild(word: string): void {
    if (word === ONE_WORD) this.oneWord = undefined;
    else if (word === ANY_WORDS) this.anyWords = undefined;
    else {
      this.words?.delete(word);
      if (this.words?.size === 0) this.words = undefined;
    }
  }
}

/** An empty key has no words; "." has two empty ones. */
function wordsOf(key: string): string[] {
  return key === "" ? [] : key.split(".");
}

export class TopicRouter implements ExchangeRouter {
  readonly #root = new TrieNode(false);
  #step = 0;
  /** Nodes possible after the words so far, and those after the next one; reused. */
  #possible: TrieNode[] = [];
  #next: TrieNode[] = [];
  #nextCount = 0;

  bind(binding: Binding): void {
    let node = this.#root;
    for (const word of wordsOf(binding.routingKey)) node = node.child(word) ?? node.addChild(word);
    node.destinations ??= new DestinationBag();
    node.destinations.add(binding.destination);
  }

  unbind(binding: Binding): void {
    const words = wordsOf(binding.routingKey);
    const path = [this.#root];
    for (const word of words) {
      const child = (path.at(-1) as TrieNode).child(word);
      if (child === undefined) return;
      path.push(child);
    }
    const last = path.at(-1) as TrieNode;
    last.destinations?.delete(binding.destination);
    if (last.destinations?.isEmpty) last.destinations = undefined;
    for (let depth = words.length; depth > 0; depth--) {
      if (!(path[depth] as TrieNode).isEmpty) return;
      (path[depth - 1] as TrieNode).deleteChild(words[depth - 1] as string);
    }
  }

  route(message: RoutedMessage, into: TargetSet): void {
    this.#begin();
    this.#take(this.#root);
    let count = this.#swap();
    for (const word of wordsOf(message.routingKey)) {
      this.#begin();
      for (let i = 0; i < count; i++) this.#advance(this.#possible[i] as TrieNode, word);
      count = this.#swap();
      if (count === 0) return;
    }
    for (let i = 0; i < count; i++) (this.#possible[i] as TrieNode).destinations?.addTo(into);
  }

  #begin(): void {
    this.#step++;
    this.#nextCount = 0;
  }

  #advance(node: TrieNode, word: string): void {
    if (node.staysOn) this.#take(node);
    if (node.oneWord !== undefined) this.#take(node.oneWord);
    const child = node.words?.get(word);
    if (child !== undefined) this.#take(child);
  }

  /** The node is possible now, and what follows it by a `#` that stands for nothing. */
  #take(first: TrieNode): void {
    let node: TrieNode | undefined = first;
    while (node !== undefined && node.step !== this.#step) {
      node.step = this.#step;
      this.#next[this.#nextCount++] = node;
      node = node.anyWords;
    }
  }

  #swap(): number {
    const possible = this.#possible;
    this.#possible = this.#next;
    this.#next = possible;
    return this.#nextCount;
  }
}

export const topicType: ExchangeType = {
  name: "topic",
  description: "AMQP topic exchange, as per the AMQP specification",
  routesByContent: false,
  routesByKey: true,
  hasTopicPermissions: true,
  createRouter: () => new TopicRouter(),
};
