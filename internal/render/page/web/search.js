import { el, number, visible } from './text.js';
import { none } from './graph.js';

// Search by name, op and device. Each text of the file is compared once, so each node needs only a few lookups.

const encode = (text) => new TextEncoder().encode(text);
const listed = 50;
const kept = 400; // maximum number of matches of each kind

/** Returns the matches, best first: [{kind: 'node' | 'scope', ref}], and their total number. */
export function search(graph, query) {
  query = query.trim();
  if (query === '') return { results: [], total: 0 };
  const levels = [[], [], [], [], [], [], []];
  let total = 0;
  const note = (level, kind, ref) => {
    total++;
    if (levels[level].length < kept) levels[level].push({ kind, ref });
  };
  const exact = findAnywhere(graph, query);
  if (exact !== none) levels[0].push({ kind: 'node', ref: exact });
  const matches = matcher(graph, query.toLowerCase());
  for (let s = 1; s < graph.scopeCount; s++) {
    const how = matches.scope(s);
    if (how) note(how === 3 ? 1 : how === 2 ? 3 : 5, 'scope', s);
  }
  for (let i = 0; i < graph.count; i++) {
    const how = matches.node(i);
    if (how === 0 || i === exact) continue;
    note(how === 4 ? 6 : how === 3 ? 1 : how === 2 ? 2 : 4, 'node', i);
  }
  return { results: levels.flat().slice(0, listed), total: total + (exact === none ? 0 : 1) };
}

/** Returns the node with a name in the graph, or FUNCTION/NODE in a function's body. */
export function findAnywhere(graph, name) {
  const found = graph.find(name);
  if (found !== none) return found;
  const slash = name.indexOf('/');
  const body = slash < 0 ? none : graph.findFunction(name.slice(0, slash));
  return body === none ? none : graph.find(name.slice(slash + 1), body);
}

/** Returns functions that rate the match of a node or scope: 0 none, 1 anywhere, 2 at the beginning, 3 complete, 4 by op or device. */
function matcher(graph, query) {
  const whole = graph.matchTexts(encode(query));
  const parts = query.replace(/:\d+$/, '').split('/').map(encode);
  const { scopeText, parent, scope, leaf, op, device } = graph;
  if (parts.length === 1) {
    const name = graph.matchTexts(parts[0]);
    return {
      scope: (s) => name[scopeText[s]],
      node: (i) => (leaf[i] === 0 ? name[scopeText[scope[i]]] : name[leaf[i]]) || (whole[op[i]] || whole[device[i]] ? 4 : 0),
    };
  }
  // In a path, the last part is a prefix of a part of the name, the first part is a suffix, and the parts between are complete.
  const last = graph.matchTexts(parts.at(-1));
  const levels = parts.slice(0, -1).map((p, k) => (k === 0 ? graph.endTexts(p) : graph.matchTexts(p)));
  const above = new Uint8Array(graph.scopeCount);
  for (let s = 0; s < graph.scopeCount; s++) {
    let at = s;
    let fits = true;
    for (let k = levels.length - 1; k >= 0 && fits; k--) {
      fits = levels[k][scopeText[at]] === 3 || (k === 0 && levels[k][scopeText[at]] > 0);
      if (k > 0 && parent[at] === at) fits = false;
      at = parent[at];
    }
    above[s] = fits ? 1 : 0;
  }
  const under = (s, text) => (above[s] && (last[text] >= 2 || parts.at(-1).length === 0) ? Math.max(1, last[text] - 1) : 0);
  return {
    scope: (s) => (parent[s] === s ? 0 : under(parent[s], scopeText[s])),
    node: (i) => (leaf[i] === 0 ? under(parent[scope[i]], scopeText[scope[i]]) : under(scope[i], leaf[i])) || (whole[device[i]] ? 4 : 0),
  };
}

/** The search box: it lists results while the user types. Arrow keys and Enter choose one. */
export class SearchBox {
  constructor(page, input, list) {
    this.page = page;
    this.input = input;
    this.list = list;
    input.addEventListener('input', () => this.run());
    input.addEventListener('focus', () => this.list.children.length > 0 && this.show(true));
    input.addEventListener('keydown', (e) => this.key(e));
    list.addEventListener('pointerdown', (e) => e.preventDefault()); // the box keeps the focus
    list.addEventListener('click', (e) => this.choose(e.target.closest('[role=option]')));
    document.addEventListener('pointerdown', (e) => e.target !== input && !list.contains(e.target) && this.show(false));
  }

  show(open) {
    this.list.hidden = !open;
    this.input.setAttribute('aria-expanded', String(open));
  }

  run() {
    const { graph } = this.page;
    const { results, total } = search(graph, this.input.value);
    this.results = results;
    this.list.replaceChildren(...results.map((r, k) => this.option(r, k)));
    if (this.input.value.trim() !== '') this.list.append(this.note(results.length, total));
    this.activate(results.length > 0 ? 0 : none);
    this.show(this.input.value.trim() !== '');
  }

  note(shown, total) {
    this.page.announce(`${total} found`);
    const text = total === 0 ? 'No node, scope, op or device matches.' : total > shown ? `The first ${shown} of ${number(total)} matches` : '';
    return el('div', { class: 'note', role: 'presentation' }, text);
  }

  option({ kind, ref }, k) {
    const { graph } = this.page;
    const name = kind === 'node' ? graph.name(ref) : graph.path(ref);
    const what = kind === 'node' ? graph.text(graph.op[ref]) : graph.parent[ref] === ref ? 'function' : 'scope';
    const slash = name.lastIndexOf('/') + 1;
    return el('div', { role: 'option', id: 'option-' + k, 'data-name': name, 'data-index': k, class: kind },
      el('span', { class: 'path' }, name.slice(0, slash)), el('span', { class: 'leaf' }, name.slice(slash)), el('span', { class: 'op' }, what));
  }

  activate(k) {
    this.active = k;
    for (const [j, option] of [...this.list.querySelectorAll('[role=option]')].entries()) option.setAttribute('aria-selected', String(j === k));
    const option = this.list.children[k];
    this.input.setAttribute('aria-activedescendant', k === none ? '' : 'option-' + k);
    option?.scrollIntoView({ block: 'nearest' });
  }

  key(event) {
    const n = this.results?.length ?? 0;
    if (event.key === 'ArrowDown' && n) this.activate((this.active + 1) % n);
    else if (event.key === 'ArrowUp' && n) this.activate((this.active + n - 1) % n);
    else if (event.key === 'Enter' && n) this.choose(this.list.children[this.active]);
    else if (event.key === 'Escape') this.show(false);
    else return;
    event.preventDefault();
  }

  choose(option) {
    const result = option && this.results[option.dataset.index];
    if (!result) return;
    this.show(false);
    this.page.show(result.kind, result.ref);
  }
}

/** Returns a name as a link into the graph, or as text if the node does not exist. */
export function nodeLink(page, name, text = name) {
  const node = findAnywhere(page.graph, name);
  if (node === none) return el('span', {}, text);
  return jump(page, 'node', node, text);
}

/** Returns a button that shows a node or scope in the graph. */
export function jump(page, kind, ref, text) {
  return el('button', { type: 'button', class: 'jump', title: visible(text), onclick: () => page.show(kind, ref) }, text);
}
