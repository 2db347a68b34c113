import { control, none } from './graph.js';
import { count } from './text.js';

// The drawn items: a tree of items for the open scopes, and the links between them. Similar children of an open scope are combined in
// groups, which open like scopes. So are the smallest if there are too many.

const mostChildren = 44; // maximum number of children of an open scope
const fewest = 3; // minimum number of members of a group
const mostChecked = 3000; // maximum number of children to search for cycles
const pageSize = 24; // number of members of a group that are drawn at a time
const dense = 1500; // maximum number of items for which a matrix counts the links

/** The ends of a link that enters or leaves the open scope in which it is drawn. */
export const inside = -1;
export const outside = -2;

export class Picture {
  /** marks maps nodes to the inputs and outputs of the graph at them. */
  constructor(graph, marks) {
    this.graph = graph;
    this.marks = marks;
    this.open = new Set(['s0']); // keys of items
    this.offsets = new Map(); // by key of a group: the first drawn member
    this.sides = new Uint8Array(graph.sides.length + 1); // the visible kinds of side work; 0 is the model itself
    this.sides[0] = 1;
    this.recount();
    if (this.visible[0] === 0 && graph.outline.graph > 0) this.showSides((k) => k > 0);
  }

  showSides(which) {
    this.sides = this.sides.map((on, k) => (which(k) || k === 0 ? 1 : 0));
    this.recount();
  }

  /** Counts the visible nodes in each scope. */
  recount() {
    this.known = new Map(); // by key of a scope: its contents
    const { graph: g, sides } = this;
    this.visible = new Int32Array(g.scopeCount);
    this.changes = g.change ? new Int32Array(g.scopeCount) : null;
    for (let i = 0; i < g.count; i++) {
      if (!sides[g.side[i]]) continue;
      this.visible[g.scope[i]]++;
      if (this.changes && g.change[i]) this.changes[g.scope[i]]++;
    }
    for (let s = g.scopeCount - 1; s > 0; s--) {
      if (g.parent[s] === s) continue;
      this.visible[g.parent[s]] += this.visible[s];
      if (this.changes) this.changes[g.parent[s]] += this.changes[s];
    }
  }

  /** Returns a hash of the contents of each scope. Scopes with the same ops and the same nesting have equal hashes. */
  shapes() {
    if (!this.shapeOf) {
      const g = this.graph;
      this.shapeOf = new Int32Array(g.scopeCount);
      for (let i = 0; i < g.count; i++) if (g.side[i] === 0) this.shapeOf[g.scope[i]] += mix(g.op[i] + 1);
      for (let s = g.scopeCount - 1; s > 0; s--) if (g.parent[s] !== s) this.shapeOf[g.parent[s]] += mix(this.shapeOf[s] ^ 0x5bd1e995);
    }
    return this.shapeOf;
  }

  /** Returns the entries of an open scope or group, combined into groups if necessary. */
  entries(item) {
    if (item.kind === 'group' || item.kind === 'functions') return item.members;
    if (!this.known.has(item.key)) this.known.set(item.key, this.divide(item));
    return this.known.get(item.key);
  }

  divide(item) {
    const { single, loose } = this.sort(item);
    let scopes = loose.filter((e) => e.kind === 'scope');
    let nodes = loose.filter((e) => e.kind === 'node');
    const groups = [];
    const total = () => single.length + groups.length + scopes.length + nodes.length;
    if (this.changes) {
      const same = loose.filter((e) => !this.changed(e));
      if (same.length > 1) {
        groups.push(this.group(item, 'unchanged', count(same.length, 'unchanged item'), same));
        scopes = scopes.filter((e) => this.changed(e));
        nodes = nodes.filter((e) => this.changed(e));
      }
    } else {
      const flow = new Flow(loose.length <= mostChecked ? this.flowAmong(item.ref, [...single, ...loose]) : null);
      const fold = (candidates, allowed) => {
        for (const c of candidates) {
          if (!allowed(c.members)) continue;
          const members = new Set(c.members);
          const group = this.group(item, c.key, c.label, c.members, c.note);
          groups.push(group);
          flow.merge(group);
          scopes = scopes.filter((e) => !members.has(e));
          nodes = nodes.filter((e) => !members.has(e));
        }
      };
      const acyclic = (members) => members.length >= fewest && !flow.cyclic(members);
      const spare = () => total() > mostChildren;
      fold(this.series(scopes), acyclic);
      fold(this.series(scopes, (e) => flow.place(e)), acyclic); // series among the remaining scopes, which differ in their neighbors
      fold(this.sameOp(nodes.filter((e) => this.graph.text(this.graph.op[e.ref]) === 'Const')), acyclic);
      fold(this.twins(scopes, flow), acyclic);
      fold(this.series(scopes), spare);
      fold(this.sameOp(nodes), spare);
    }
    const shorten = (list, key, noun) => {
      const spare = total() - mostChildren;
      if (spare <= 0 || list.length < fewest) return list;
      const large = new Set([...list].sort((a, b) => this.weight(b) - this.weight(a)).slice(0, Math.max(0, list.length - spare - 1)));
      const small = list.filter((e) => !large.has(e));
      groups.push(this.group(item, key, count(small.length, noun), small));
      return list.filter((e) => large.has(e));
    };
    scopes = shorten(scopes, 'scopes', 'smaller scope');
    nodes = shorten(nodes, 'others', 'other node');
    return [...single, ...scopes, ...groups, ...nodes];
  }

  /** Returns the visible children of a scope: those that are never grouped, and the others. */
  sort(item) {
    const g = this.graph;
    const single = [];
    const loose = [];
    for (const s of g.kids(item.ref)) {
      const own = this.visible[s] === 1 ? g.nodes(s).find((i) => g.leaf[i] === 0 && this.sides[g.side[i]]) : undefined;
      if (own !== undefined) loose.push({ kind: 'node', ref: own, key: 'n' + own }); // only the node that has the name of the scope
      else if (this.visible[s] > 0) loose.push({ kind: 'scope', ref: s, key: 's' + s });
    }
    for (const i of g.nodes(item.ref)) {
      if (!this.sides[g.side[i]]) continue;
      const alone = this.marks.has(i) && !this.changes && single.length < mostChildren;
      (alone ? single : loose).push({ kind: 'node', ref: i, key: 'n' + i });
    }
    return { single, loose };
  }

  changed(e) {
    return e.kind === 'scope' ? this.changes[e.ref] > 0 : this.graph.change[e.ref] > 0;
  }

  weight(e) {
    if (e.kind === 'node') return 1;
    return e.kind === 'group' ? e.members.reduce((sum, m) => sum + this.weight(m), 0) : this.visible[e.ref];
  }

  group(item, key, label, members, note) {
    return { kind: 'group', ref: none, key: item.key + '|' + key, label, members, note };
  }

  /** Returns candidates for groups: scopes with similar names and equal contents, which are repeated layers. */
  series(scopes, place = () => '') {
    const shapes = this.shapes();
    const pattern = (e) => this.graph.scopeName(e.ref).replace(/\d+/g, '#').replace(/_#$/, '') + ' ' + shapes[e.ref] + ' ' + place(e);
    return alike(scopes, pattern).map(([key, members]) => ({ key: 'series ' + key, label: this.span(members), members, note: 'repeated' }));
  }

  /** Returns candidates for groups: many scopes with the same inputs and the same readers. */
  twins(scopes, flow) {
    return alike(scopes, (e) => flow.place(e) || e.key).filter(([, members]) => members.length > 6)
      .map(([key, members]) => ({ key: 'twins ' + key, label: this.span(members), members }));
  }

  /** Sorts scopes by name. Returns the first and the last name. */
  span(scopes) {
    const name = (e) => this.graph.scopeName(e.ref);
    scopes.sort((a, b) => name(a).localeCompare(name(b), 'en', { numeric: true }));
    return name(scopes[0]) + ' … ' + name(scopes.at(-1));
  }

  /** Returns candidates for groups: nodes with the same op. */
  sameOp(nodes) {
    return alike(nodes, (e) => this.graph.text(this.graph.op[e.ref])).map(([op, members]) => ({ key: 'op ' + op, label: op, members }));
  }

  /** Returns a map from each child of a scope to the children that read it. */
  flowAmong(s, entries) {
    const g = this.graph;
    const within = new Int32Array(g.scopeCount).fill(none); // the child that contains a scope
    const nodes = new Map();
    entries.forEach((e, k) => (e.kind === 'scope' ? (within[e.ref] = k) : nodes.set(e.ref, k)));
    const inner = [];
    for (let t = s + 1; t < g.scopeCount; t++) if (within[t] === none && g.parent[t] !== t) within[t] = within[g.parent[t]];
    const child = (i) => (within[g.scope[i]] !== none ? within[g.scope[i]] : nodes.get(i) ?? none);
    const seen = new Set();
    for (let i = 0; i < g.count; i++) {
      if (!this.sides[g.side[i]]) continue;
      const to = child(i);
      if (to === none) continue;
      for (let k = g.inputStart[i]; k < g.inputStart[i + 1]; k++) {
        const from = g.from[k] === none || g.port[k] === control || !this.sides[g.side[g.from[k]]] ? none : child(g.from[k]);
        if (from === none || from === to || seen.has(from * entries.length + to)) continue;
        seen.add(from * entries.length + to);
        (inner[from] ??= []).push(to);
      }
    }
    return new Map(entries.map((e, k) => [e, (inner[k] ?? []).map((to) => entries[to])]));
  }

  /** Creates the items and the links between them. */
  build() {
    const g = this.graph;
    this.items = [];
    this.scopeItem = new Int32Array(g.scopeCount).fill(none);
    this.nodeItem = new Int32Array(g.count).fill(none);
    this.byKey = new Map();
    const top = this.add({ kind: 'top', ref: none, key: 'top' }, null);
    if (g.outline.graph > 0) this.grow(this.add({ kind: 'root', ref: 0, key: 's0' }, top));
    if (g.functions.length > 0) this.grow(this.add(this.functionGroup(), top));
    this.settle();
    this.connect();
    return top;
  }

  functionGroup() {
    const members = this.graph.functions.map((f) => ({ kind: 'function', ref: f.scope, key: 's' + f.scope }));
    this.open.add('functions');
    return { kind: 'functions', ref: none, key: 'functions', label: count(members.length, 'function'), members };
  }

  add(entry, parent) {
    const item = { ...entry, id: this.items.length, parent, depth: parent ? parent.depth + 1 : 0, children: [], links: [],
      open: entry.kind === 'top' || (entry.kind !== 'node' && this.open.has(entry.key)), weight: 0 };
    this.items.push(item);
    this.byKey.set(item.key, item);
    parent?.children.push(item);
    if (entry.kind !== 'top') this.assign(entry, item.id);
    return item;
  }

  /** Records the item that represents the nodes and scopes of an entry. */
  assign(entry, id) {
    if (entry.kind === 'node') this.nodeItem[entry.ref] = id;
    else if (entry.members) for (const e of entry.members) this.assign(e, id);
    else this.scopeItem[entry.ref] = id;
  }

  /** Adds the contents of an open item. */
  grow(item) {
    if (!item.open) return;
    const entries = this.entries(item);
    const paged = item.members && entries.length > pageSize;
    const offset = paged ? Math.min(this.offsets.get(item.key) ?? 0, entries.length - 1) : 0;
    const drawn = paged ? entries.slice(offset, offset + pageSize) : entries;
    for (const e of drawn) this.grow(this.add(e, item));
    if (!paged) return;
    const rest = [...entries.slice(0, offset), ...entries.slice(offset + pageSize)];
    const more = this.add({ kind: 'more', ref: none, key: item.key + '|more', label: count(rest.length, 'more'), members: rest }, item);
    more.label = `${offset + 1}–${offset + drawn.length} of ${entries.length}`;
    more.open = false;
    more.pages = { back: offset > 0 ? Math.max(0, offset - pageSize) : none, on: offset + pageSize < entries.length ? offset + pageSize : none };
  }

  /** Finds the item of every node: its own, or that of the nearest enclosing scope. */
  settle() {
    const { graph: g, scopeItem, nodeItem, items } = this;
    for (let s = 1; s < g.scopeCount; s++) {
      if (scopeItem[s] === none && g.parent[s] !== s) scopeItem[s] = scopeItem[g.parent[s]];
    }
    for (let i = 0; i < g.count; i++) {
      if (!this.sides[g.side[i]]) nodeItem[i] = none;
      else if (nodeItem[i] === none) nodeItem[i] = scopeItem[g.scope[i]];
      if (nodeItem[i] !== none) items[nodeItem[i]].weight++;
    }
    for (let k = items.length - 1; k > 0; k--) items[k].parent.weight += items[k].weight;
  }

  /** Counts the inputs between items, and divides each link into a piece for every open scope that it crosses. */
  connect() {
    this.pairs = this.countInputs();
    for (const pair of this.pairs) {
      const from = this.items[pair.from];
      const to = this.items[pair.to];
      let a = from;
      let b = to;
      const pieces = [];
      const up = (end, x) => pieces.push(end === inside ? [x.parent, inside, x.id] : [x.parent, x.id, outside]);
      while (a.parent !== b.parent) {
        if (a.depth >= b.depth) { up(outside, a); a = a.parent; } else { up(inside, b); b = b.parent; }
      }
      pieces.push([a.parent, a.id, b.id]);
      pair.pieces = pieces.filter(([, x, y]) => x !== y).map(([container, x, y]) => this.link(container, x, y, pair));
    }
  }

  link(container, from, to, pair) {
    container.linkOf ??= new Map();
    const key = from + ' ' + to;
    let link = container.linkOf.get(key);
    if (!link) {
      link = { from, to, data: 0, control: 0, added: 0, removed: 0 };
      container.linkOf.set(key, link);
      container.links.push(link);
    }
    for (const what of ['data', 'control', 'added', 'removed']) link[what] += pair[what];
    return link;
  }

  countInputs() {
    const { graph: g, nodeItem, items } = this;
    const size = items.length;
    const found = size <= dense ? new Int32Array(size * size) : new Map(); // 1 + index in pairs
    const pairs = [];
    for (let i = 0; i < g.count; i++) {
      const to = nodeItem[i];
      if (to === none) continue;
      for (let k = g.inputStart[i]; k < g.inputStart[i + 1]; k++) {
        if (g.from[k] === none) continue;
        const from = nodeItem[g.from[k]];
        if (from === none || from === to) continue;
        const key = from * size + to;
        let at = size <= dense ? found[key] : found.get(key) ?? 0;
        if (at === 0) {
          at = pairs.push({ from, to, data: 0, control: 0, added: 0, removed: 0 });
          if (size <= dense) found[key] = at;
          else found.set(key, at);
        }
        const pair = pairs[at - 1];
        if (g.port[k] === control) pair.control++;
        else pair.data++;
        if (g.inputChange && g.inputChange[k] === 1) pair.added++;
        if (g.inputChange && g.inputChange[k] === 2) pair.removed++;
      }
    }
    return pairs;
  }

  /** Opens the largest scopes, or those with the most changes, until about limit boxes are drawn. */
  openSome(limit) {
    const measure = (s) => (this.changes ? this.changes[s] : this.visible[s]);
    let boxes = this.entries({ kind: 'root', ref: 0, key: 's0' }).length;
    const total = measure(0);
    const candidates = this.childScopes(0);
    for (let tries = 0; candidates.length > 0 && boxes < limit && tries < 40; tries++) {
      candidates.sort((a, b) => measure(a) - measure(b));
      const s = candidates.pop();
      if (this.visible[s] < 6 || measure(s) < total / 12) continue;
      const inner = this.entries({ kind: 'scope', ref: s, key: 's' + s });
      if (boxes + inner.length > limit + 6) continue;
      boxes += inner.length;
      this.open.add('s' + s);
      candidates.push(...this.childScopes(s, inner));
    }
  }

  childScopes(s, entries = this.entries({ kind: 'scope', ref: s, key: 's' + s })) {
    return entries.filter((e) => e.kind === 'scope' && (!this.changes || this.changes[e.ref] > 0)).map((e) => e.ref);
  }

  /** Opens the scopes and groups around a node or scope, so that it is drawn. Returns its key. */
  reveal(kind, ref) {
    const g = this.graph;
    const key = (kind === 'node' ? 'n' : 's') + ref;
    if (kind === 'node' && !this.sides[g.side[ref]]) this.showSides((k) => this.sides[k] || k === g.side[ref]);
    if (kind !== 'node' && this.visible[ref] === 0) this.showSides(() => true);
    const path = [key];
    for (let s = kind === 'node' ? g.scope[ref] : ref; ; s = g.parent[s]) {
      if (path.at(-1) !== 's' + s) path.push('s' + s);
      if (g.parent[s] === s) break;
    }
    if (path.at(-1) === 's0') this.open.add('s0');
    else this.turnTo({ key: 'functions', members: this.functionGroup().members }, path.at(-1));
    for (let k = path.length - 1; k > 0; k--) {
      this.open.add(path[k]);
      let at = { kind: 'scope', ref: Number(path[k].slice(1)), key: path[k] };
      for (let found = this.holder(at, path[k - 1]); found?.members; found = this.holder(found, path[k - 1])) {
        this.turnTo(found, path[k - 1]);
        at = found;
      }
    }
    return key;
  }

  /** Returns the entry of an item with the key, or the group that contains it. */
  holder(item, key) {
    return this.entries(item).find((e) => e.key === key || e.members?.some((m) => m.key === key));
  }

  /** Opens a group at the page with a member. */
  turnTo(group, key) {
    this.open.add(group.key);
    const k = group.members.findIndex((m) => m.key === key);
    this.offsets.set(group.key, k - (k % pageSize));
  }
}

/** Returns the groups of at least two entries with equal keys, largest first. */
function alike(entries, key) {
  const lists = new Map();
  for (const e of entries) {
    const k = key(e);
    if (!lists.has(k)) lists.set(k, []);
    lists.get(k).push(e);
  }
  return [...lists].filter(([, members]) => members.length > 1).sort((a, b) => b[1].length - a[1].length);
}

/** The data flow between the children of a scope, some of which are combined in groups. */
class Flow {
  /** readers maps each child to its readers. If it is null, the flow is unknown and no group is cyclic. */
  constructor(readers) {
    this.readers = readers;
    this.whole = new Map(); // the group of each combined item
    if (!readers) return;
    this.sources = new Map([...readers.keys()].map((e) => [e, []]));
    for (const [e, list] of readers) for (const r of list) this.sources.get(r).push(e);
  }

  merge(group) {
    if (!this.readers) return;
    for (const m of group.members) this.whole.set(m, group);
    for (const map of [this.readers, this.sources]) map.set(group, group.members.flatMap((m) => map.get(m)));
  }

  /** Returns a text that identifies the sources and readers of an entry, or "" if it has none. */
  place(e) {
    if (!this.readers) return '';
    const keys = (list) => [...new Set(list.map((x) => (this.whole.get(x) ?? x).key))].sort().join(' ');
    const place = keys(this.sources.get(e)) + ' > ' + keys(this.readers.get(e));
    return place === ' > ' ? '' : place;
  }

  /** Reports whether data flows from a member through other children to a member. A group would hide that order. */
  cyclic(members) {
    if (!this.readers) return false;
    const own = new Set(members);
    const seen = new Set();
    const queue = members.flatMap((m) => this.readers.get(m).filter((e) => !own.has(e)));
    while (queue.length > 0) {
      const e = this.whole.get(queue.at(-1)) ?? queue.at(-1);
      if (own.has(queue.pop())) return true;
      if (seen.has(e)) continue;
      seen.add(e);
      for (const r of this.readers.get(e)) queue.push(r);
    }
    return false;
  }
}

function mix(v) {
  v = Math.imul(v ^ (v >>> 16), 0x85ebca6b);
  v = Math.imul(v ^ (v >>> 13), 0xc2b2ae35);
  return (v ^ (v >>> 16)) | 0;
}
