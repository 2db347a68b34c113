import { json, signed, varints } from './data.js';
import { string } from './text.js';

// The nodes of a file by number: those of the graph, then those of each function's body. Properties are typed arrays, and names
// are assembled on demand, so that a million nodes take tens of megabytes.

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The port of a control input. */
export const control = -1;

/** The number of a missing node, scope or text. */
export const none = -1;

export class Graph {
  constructor(blocks, outline) {
    this.blocks = blocks;
    this.outline = outline;
    this.count = outline.nodes;
    this.scopeCount = outline.scopes;
    this.sides = outline.sides;
    this.loadTexts();
    this.loadScopes();
    const scope = varints(blocks.get('scope'), this.count);
    for (let i = 0, at = 0; i < this.count; i++) scope[i] = at += signed(scope[i]);
    this.scope = scope;
    this.leaf = varints(blocks.get('leaf'), this.count);
    this.op = varints(blocks.get('op'), this.count);
    this.device = varints(blocks.get('device'), this.count);
    this.side = blocks.get('side');
    this.change = blocks.get('change') ?? null;
    this.loadInputs();
    this.order();
  }

  loadTexts() {
    const n = this.outline.texts;
    this.textBytes = this.blocks.get('texts');
    this.textStart = new Int32Array(n + 2); // start of text t; text 0 is empty
    const lengths = varints(this.blocks.get('lengths'), n);
    for (let t = 1; t <= n; t++) this.textStart[t + 1] = this.textStart[t] + lengths[t - 1];
    this.textCache = new Map();
  }

  loadScopes() {
    const n = this.scopeCount;
    const up = varints(this.blocks.get('scopeParent'), n);
    this.scopeText = varints(this.blocks.get('scopeName'), n);
    this.parent = new Int32Array(n); // the parent of a root is the root itself
    this.root = new Int32Array(n);
    for (let s = 0; s < n; s++) {
      this.parent[s] = s - up[s];
      this.root[s] = up[s] === 0 ? s : this.root[this.parent[s]];
    }
    this.functions = this.outline.functions;
  }

  loadInputs() {
    const { blocks, count } = this;
    const sizes = varints(blocks.get('inputs'), count);
    this.inputStart = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) this.inputStart[i + 1] = this.inputStart[i] + sizes[i];
    this.from = varints(blocks.get('from'), this.outline.inputs);
    this.port = varints(blocks.get('port'), this.outline.inputs);
    for (let i = 0; i < count; i++) {
      for (let k = this.inputStart[i]; k < this.inputStart[i + 1]; k++) {
        if (this.from[k] === 0) this.from[k] = none; // its port is a text
        else {
          this.from[k] = i - signed(this.from[k] - 1);
          this.port[k]--;
        }
      }
    }
    this.inputChange = blocks.get('inputChange') ?? null;
  }

  /** Sorts the nodes and the scopes by their parent scope. */
  order() {
    [this.nodeStart, this.nodesIn] = bucket(this.scope, this.scopeCount, (i) => this.scope[i]);
    [this.kidStart, this.kidsIn] = bucket(this.parent, this.scopeCount, (s) => (this.parent[s] === s ? none : this.parent[s]));
  }

  /** Returns a column, which is decoded on first use. */
  column(name) {
    this.columns ??= new Map();
    if (!this.columns.has(name)) this.columns.set(name, varints(this.blocks.get(name), this.count));
    return this.columns.get(name);
  }

  text(t) {
    if (t <= 0) return '';
    let text = this.textCache.get(t);
    if (text === undefined) {
      text = decoder.decode(this.textBytes.subarray(this.textStart[t], this.textStart[t + 1]));
      this.textCache.set(t, text);
    }
    return text;
  }

  /** Returns the whole path of a scope. In a function's body, it begins with the function's name. */
  path(s) {
    const parts = [];
    for (; this.parent[s] !== s; s = this.parent[s]) parts.push(this.text(this.scopeText[s]));
    if (s !== 0) parts.push(this.text(this.scopeText[s]));
    return parts.reverse().join('/');
  }

  /** Returns the name of a node: FUNCTION/NODE in a function's body, as in `show nodes --functions`. */
  name(i) {
    const path = this.path(this.scope[i]);
    if (this.leaf[i] === 0) return path;
    return this.scope[i] === 0 ? this.text(this.leaf[i]) : path + '/' + this.text(this.leaf[i]);
  }

  /** Returns the last part of a node's name. */
  leafName(i) {
    return this.text(this.leaf[i] || this.scopeText[this.scope[i]]);
  }

  /** Returns the dtype and shape of each output of a node, if known. */
  types(i) {
    return this.text(this.column('type')[i]).split('\n').filter(Boolean);
  }

  scopeName = (s) => this.text(this.scopeText[s]);

  /** Returns the nodes directly in a scope. */
  nodes = (s) => this.nodesIn.subarray(this.nodeStart[s], this.nodeStart[s + 1]);

  /** Returns the scopes directly in a scope. */
  kids = (s) => this.kidsIn.subarray(this.kidStart[s], this.kidStart[s + 1]);

  /** Returns the inputs of a node in order: {from, port}, or {missing} if the node does not exist. */
  inputs(i) {
    const list = [];
    for (let k = this.inputStart[i]; k < this.inputStart[i + 1]; k++) {
      const change = this.inputChange ? this.inputChange[k] : 0;
      list.push(this.from[k] === none ? { missing: this.text(this.port[k]), change } : { from: this.from[k], port: this.port[k], change });
    }
    return list;
  }

  /** Returns the readers of a node: {node, port}. */
  readers(i) {
    if (!this.readerStart) {
      const owner = new Int32Array(this.from.length);
      for (let n = 0; n < this.count; n++) owner.fill(n, this.inputStart[n], this.inputStart[n + 1]);
      this.owner = owner;
      [this.readerStart, this.readersOf] = bucket(this.from, this.count, (k) => this.from[k]);
    }
    const list = [];
    for (let k = this.readerStart[i]; k < this.readerStart[i + 1]; k++) {
      const input = this.readersOf[k];
      list.push({ node: this.owner[input], port: this.port[input], change: this.inputChange ? this.inputChange[input] : 0 });
    }
    return list;
  }

  /** Returns the attrs of a node as pairs of key and value, sorted by key. */
  attrs(i) {
    if (!this.pairs) {
      this.pairs = json(this.blocks.get('pairs')).slice(1);
      const flat = varints(this.blocks.get('sets'), this.blocks.get('sets').length);
      this.sets = [];
      for (let at = 0; this.sets.length < this.outline.sets; at += flat[at] + 1) this.sets.push(flat.subarray(at + 1, at + 1 + flat[at]));
    }
    const set = this.sets[this.column('attrs')[i]];
    const list = [...set].map((id) => this.pairs[id]);
    const back = signed(this.column('colocated')[i]);
    if (back !== 0) list.push(['_class', ['loc:@' + this.name(i - back)]]);
    return list.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  }

  /** Returns the keys of the checkpoint tensors that the saver restores into a node. */
  keys(i) {
    if (!this.keyMap) {
      this.keyMap = new Map();
      const pairs = this.blocks.has('keys') ? json(this.blocks.get('keys')).slice(1) : [];
      for (const [node, key] of pairs) {
        if (!this.keyMap.has(node)) this.keyMap.set(node, []);
        this.keyMap.get(node).push(string(key));
      }
    }
    return (this.keyMap.get(i) ?? []).join(', ');
  }

  /** Returns the number of a text, or none. */
  textID(text) {
    if (!this.slots) this.hashTexts();
    const want = encoder.encode(text);
    for (let at = hash(want, 0, want.length); ; at++) {
      const t = this.slots[at & (this.slots.length - 1)];
      if (t === 0) return none;
      const start = this.textStart[t];
      if (this.textStart[t + 1] - start !== want.length) continue;
      let k = 0;
      while (k < want.length && this.textBytes[start + k] === want[k]) k++;
      if (k === want.length) return t;
    }
  }

  /** Creates the hash table of the texts. A Map of a million strings would take a second. */
  hashTexts() {
    const n = this.outline.texts;
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * n + 2)));
    for (let t = 1; t <= n; t++) {
      let at = hash(this.textBytes, this.textStart[t], this.textStart[t + 1]);
      while (this.slots[at & (this.slots.length - 1)] !== 0) at++;
      this.slots[at & (this.slots.length - 1)] = t;
    }
  }

  /** Returns the number of the scope with a path, or none. The path is relative to root. */
  findScope(path, root = 0) {
    let at = root;
    for (const part of path === '' ? [] : path.split('/')) {
      const text = this.textID(part);
      if (text === none) return none;
      const next = this.kids(at).find((s) => this.scopeText[s] === text);
      if (next === undefined) return none;
      at = next;
    }
    return at;
  }

  /** Returns the number of the node with a name, or of the node of a tensor, or none. */
  find(name, root = 0) {
    name = name.replace(/^\^/, '').replace(/:\d*$/, '');
    const own = this.findScope(name, root);
    if (own !== none && own !== root) {
      const self = this.nodes(own).find((i) => this.leaf[i] === 0);
      if (self !== undefined) return self;
    }
    const slash = name.lastIndexOf('/');
    const scope = slash < 0 ? root : this.findScope(name.slice(0, slash), root);
    if (scope === none) return none;
    const text = this.textID(name.slice(slash + 1));
    return text === none ? none : this.nodes(scope).find((i) => this.leaf[i] === text) ?? none;
  }

  /** Returns the scope of a function's body, or none. */
  findFunction(name) {
    return this.functions.find((f) => this.scopeName(f.scope) === name)?.scope ?? none;
  }

  /** Returns how each text matches: 0 not at all, 1 anywhere, 2 at its beginning, 3 completely. query has lower-case bytes. */
  matchTexts(query) {
    this.lower ??= this.textBytes.map((b) => (b >= 65 && b <= 90 ? b + 32 : b));
    const { lower, textStart } = this;
    const match = new Uint8Array(this.outline.texts + 1);
    if (query.length === 0) return match.fill(1);
    for (let at = lower.indexOf(query[0]), t = 1; at >= 0; at = lower.indexOf(query[0], at + 1)) {
      let k = 1;
      while (k < query.length && lower[at + k] === query[k]) k++;
      if (k < query.length) continue;
      if (textStart[t + 1] <= at) t = lastUpTo(textStart, at, t);
      if (at + query.length > textStart[t + 1]) continue;
      const how = at > textStart[t] ? 1 : textStart[t + 1] - textStart[t] === query.length ? 3 : 2;
      if (how > match[t]) match[t] = how;
    }
    return match;
  }

  /** Reports for each text whether it ends with query, which has lower-case bytes. */
  endTexts(query) {
    const match = this.matchTexts(query);
    for (let t = 1; t < match.length; t++) {
      if (!match[t]) continue;
      const start = this.textStart[t + 1] - query.length;
      match[t] = query.every((b, k) => this.lower[start + k] === b) ? (start === this.textStart[t] ? 3 : 1) : 0;
    }
    return match;
  }
}

/** Sorts the indices of all by a key below size, and omits those with the key none. Returns the start of each key, and the indices. */
function bucket(all, size, key) {
  const start = new Int32Array(size + 1);
  for (let i = 0; i < all.length; i++) {
    const k = key(i);
    if (k !== none) start[k + 1]++;
  }
  for (let k = 0; k < size; k++) start[k + 1] += start[k];
  const next = start.slice(0, size);
  const sorted = new Int32Array(start[size]);
  for (let i = 0; i < all.length; i++) {
    const k = key(i);
    if (k !== none) sorted[next[k]++] = i;
  }
  return [start, sorted];
}

/** Returns the FNV-1a hash of bytes. */
function hash(bytes, start, end) {
  let h = 0x811c9dc5;
  for (let k = start; k < end; k++) h = Math.imul(h ^ bytes[k], 0x01000193);
  return h ^ (h >>> 15);
}

/** Returns the largest index, at least low, whose value is at most v. */
function lastUpTo(sorted, v, low) {
  let high = sorted.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= v) low = middle;
    else high = middle - 1;
  }
  return low;
}
