import { bytes, el, number, string, visible } from './text.js';
import { none } from './graph.js';

// Sizes as areas, by scope or by op: bytes in the file, or parameters of variables.

const smallest = 0.0008; // fraction of the whole; smaller parts are combined

export class Treemap {
  constructor(page, view) {
    this.page = page;
    this.by = 'scope';
    this.unit = 'bytes';
    this.scope = 0;
    this.map = el('div', { class: 'map', role: 'list', 'aria-label': 'Sizes' });
    this.crumbs = el('nav', { class: 'crumbs', 'aria-label': 'Scope' });
    const choice = (name, label, options) => el('fieldset', {}, el('legend', {}, label), ...options.map(([value, text]) => el('label', {},
      el('input', { type: 'radio', name, value, checked: this[name] === value, onchange: () => { this[name] = value; this.draw(); } }), text)));
    view.append(el('div', { class: 'controls' }, choice('by', 'Split by', [['scope', 'scope'], ['op', 'op']]), choice('unit', 'Area is', [['bytes', 'bytes in the file'], ['parameters', 'parameters']])), this.crumbs, this.map);
    new ResizeObserver(() => this.draw()).observe(this.map);
  }

  /** Returns the weight of each node in the chosen unit. */
  weights() {
    const g = this.page.graph;
    if (this.unit === 'bytes') return g.column('size');
    if (!this.parameters) {
      this.parameters = new Float64Array(g.count);
      for (const v of this.page.facts.json.variables ?? []) {
        const parts = v.parts ?? [v];
        for (const p of parts) {
          const node = g.find(string(p.name));
          if (node !== none) this.parameters[node] += p.parameters ?? 0;
        }
      }
    }
    return this.parameters;
  }

  /** Returns the sum of the weights in each scope. */
  sums(weights) {
    const g = this.page.graph;
    const sums = new Float64Array(g.scopeCount);
    for (let i = 0; i < g.count; i++) sums[g.scope[i]] += weights[i];
    for (let s = g.scopeCount - 1; s > 0; s--) if (g.parent[s] !== s) sums[g.parent[s]] += sums[s];
    return sums;
  }

  draw() {
    const { width, height } = this.map.getBoundingClientRect();
    if (width === 0) return;
    const g = this.page.graph;
    const weights = this.weights();
    this.total = 0;
    const parts = this.by === 'op' ? this.byOp(weights) : this.byScope(this.scope, this.sums(weights), weights);
    this.total = parts.reduce((sum, p) => sum + p.weight, 0);
    this.map.replaceChildren();
    if (this.total === 0) this.map.append(el('p', { class: 'empty' }, this.unit === 'parameters' ? 'No variables of known size.' : 'No data.'));
    else this.tiles(parts, { x: 0, y: 0, width, height }, 0);
    const trail = [];
    if (this.by === 'scope') for (let s = this.scope; ; s = g.parent[s]) { trail.push(s); if (g.parent[s] === s) break; }
    const crumb = (s) => el('button', { type: 'button', onclick: () => { this.scope = s; this.draw(); } }, s === 0 ? 'graph' : g.scopeName(s));
    if (trail.at(-1) !== 0) trail.push(0);
    this.crumbs.replaceChildren(...(this.by === 'scope' ? trail.reverse().map(crumb) : []), el('span', {}, this.amount(this.total)));
  }

  amount = (n) => (this.unit === 'bytes' ? bytes(n) : `${number(n)} parameters`);

  byOp(weights) {
    const g = this.page.graph;
    const ops = new Map();
    for (let i = 0; i < g.count; i++) ops.set(g.op[i], (ops.get(g.op[i]) ?? 0) + weights[i]);
    return this.gather([...ops].map(([op, weight]) => ({ name: g.text(op), weight })), smallest);
  }

  byScope(s, sums, weights, least = smallest) {
    const g = this.page.graph;
    const parts = [...g.kids(s)].map((k) => ({ name: g.scopeName(k), scope: k, weight: sums[k], inner: () => this.byScope(k, sums, weights, 12 * smallest) }));
    for (const i of g.nodes(s)) parts.push({ name: g.leafName(i), node: i, weight: weights[i] });
    if (s === 0) for (const f of g.functions) parts.push({ name: 'function ' + g.scopeName(f.scope), scope: f.scope, weight: sums[f.scope], inner: () => this.byScope(f.scope, sums, weights, 12 * smallest) });
    return this.gather(parts, least);
  }

  /** Sorts parts by weight and combines the smallest. */
  gather(parts, least) {
    const total = parts.reduce((sum, p) => sum + p.weight, 0);
    const small = parts.filter((p) => p.weight < total * least);
    const large = parts.filter((p) => p.weight >= total * least && p.weight > 0).sort((a, b) => b.weight - a.weight);
    const rest = small.reduce((sum, p) => sum + p.weight, 0);
    return rest > 0 ? [...large, { name: `${number(small.length)} small`, weight: rest }] : large;
  }

  tiles(parts, box, depth, color) {
    for (const [k, { part, x, y, width, height }] of squarify(parts, box).entries()) {
      if (width < 2 || height < 2) continue;
      const text = `${visible(part.name)}: ${this.amount(part.weight)}, ${((100 * part.weight) / this.total).toFixed(1)} %`;
      const tile = el('button', { type: 'button', class: `tile depth${depth}`, title: text, 'aria-label': text, role: 'listitem', onclick: (e) => this.open(e, part) },
        width > 34 && height > 16 && el('span', {}, part.name), width > 60 && height > 34 && depth === 0 && el('small', {}, this.unit === 'bytes' ? bytes(part.weight) : number(part.weight)));
      Object.assign(tile.style, { left: x + 'px', top: y + 'px', width: width - 1 + 'px', height: height - 1 + 'px' });
      const own = color ?? `var(--k${k % 10})`;
      tile.style.setProperty('--tile', own);
      this.map.append(tile);
      if (part.inner && depth === 0 && width > 70 && height > 60) this.tiles(part.inner(), { x: x + 3, y: y + 34, width: width - 7, height: height - 38 }, 1, own);
    }
  }

  open(event, part) {
    if (part.node !== undefined) this.page.show('node', part.node);
    else if (part.scope !== undefined) {
      this.scope = part.scope;
      this.draw();
    } else if (this.by === 'op') this.page.find(part.name);
  }
}

/** Divides a box into areas in proportion to the weights, as square as possible (Bruls, Huizing, van Wijk: Squarified Treemaps). */
function squarify(parts, box) {
  const out = [];
  let { x, y, width, height } = box;
  let left = parts.reduce((sum, p) => sum + p.weight, 0);
  for (let k = 0; k < parts.length;) {
    const side = Math.min(width, height);
    const scale = (width * height) / left;
    if (!(side > 0) || !(scale > 0)) break;
    let sum = 0;
    let worst = Infinity;
    let end = k;
    while (end < parts.length) {
      const next = sum + parts[end].weight * scale;
      const thick = next / side;
      const ratio = Math.max(thick ** 2 / (parts[end].weight * scale), (parts[k].weight * scale) / thick ** 2);
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
      end++;
    }
    const thick = sum / side;
    let at = 0;
    for (const part of parts.slice(k, end)) {
      const long = (part.weight * scale) / thick;
      out.push(width >= height ? { part, x, y: y + at, width: thick, height: long } : { part, x: x + at, y, width: long, height: thick });
      at += long;
      left -= part.weight;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    k = end;
  }
  return out;
}
