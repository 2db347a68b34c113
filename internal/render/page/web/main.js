import { count, el, number, string, visible } from './text.js';
import { json, unpack } from './data.js';
import { Graph } from './graph.js';
import { Picture } from './items.js';
import { categoriesOf, modes } from './color.js';
import { Canvas } from './canvas.js';
import { SearchBox } from './search.js';
import { details } from './details.js';
import { Facts } from './facts.js';
import { drawTables } from './tables.js';
import { Treemap } from './treemap.js';
import { changesOf, drawChanges } from './changes.js';

// The page: it unpacks the facts, draws the first picture, and connects the parts.

const firstBoxes = 26;
const $ = (id) => document.getElementById(id);

class Page {
  constructor(blocks) {
    this.outline = json(blocks.get('outline'));
    this.diff = this.outline.kind === 'diff';
    this.graph = new Graph(blocks, this.outline);
    const facts = json(blocks.get('facts')); // the sections of show, or the report of diff
    this.report = this.diff ? facts : null;
    this.facts = new Facts(this.graph, this.diff ? {} : facts, this.diff ? changesOf(this.graph, facts) : () => []);
    this.title = this.outline.name;
    this.picture = new Picture(this.graph, this.facts.marks());
    this.modes = modes(this.graph, this.facts.severities());
    this.mode = this.modes[0];
    this.canvas = new Canvas(this, $('canvas'), $('minimap'));
    this.search = new SearchBox(this, $('search'), $('results'));
  }

  start() {
    $('file').textContent = visible(this.title.split(/[\\/]/).at(-1));
    $('file').title = visible(this.title);
    this.drawSummary();
    this.drawSides();
    this.drawColors();
    if (this.diff) drawChanges(this, $('changes'));
    else drawTables(this, $('tables'), $('contents'));
    for (const tab of document.querySelectorAll('[role=tab]')) {
      tab.hidden = this.diff ? tab.dataset.view === 'tables' : tab.dataset.view === 'changes';
      tab.addEventListener('click', () => this.view(tab.dataset.view));
      tab.addEventListener('keydown', (e) => this.tabKey(e));
    }
    $('changes-panel').hidden = !this.diff;
    this.begin();
    if (!this.diff) this.fill({ kind: 'scope', ref: 0 });
    $('hint').hidden = this.diff;
    this.listen();
  }

  /** Draws the first picture. */
  begin() {
    this.picture.openSome(this.diff ? firstBoxes + 14 : firstBoxes);
    this.draw();
    this.canvas.fit(0.75);
  }

  draw(keep) {
    this.canvas.draw(keep);
    $('empty').hidden = this.graph.outline.graph > 0;
  }

  drawSummary() {
    const s = this.facts.json.summary;
    const lines = s ? [s.tensorflow.version && `TensorFlow ${s.tensorflow.version}`, count(s.graph.nodes, 'node'), s.graph.functions && count(s.graph.functions, 'function'),
      s.variables.parameters && `${number(s.variables.parameters)} parameters`] : this.changeSummary();
    $('summary').replaceChildren(...lines.filter(Boolean).map((t) => el('span', {}, t)));
    const worst = (this.facts.json.problems ?? []).reduce((n, p) => ({ ...n, [p.severity]: (n[p.severity] ?? 0) + 1 }), {});
    for (const severity of ['error', 'warning']) {
      if (worst[severity]) $('summary').append(el('button', { type: 'button', class: 'badge ' + severity, onclick: () => { this.view('tables'); $('table-problems').scrollIntoView(); } }, count(worst[severity], severity)));
    }
  }

  changeSummary() {
    const counts = [0, 0, 0, 0, 0];
    for (const c of this.graph.change) counts[c]++;
    return ['unchanged', 'added', 'removed', 'changed', 'renamed'].map((name, k) => counts[k] > 0 && `${number(counts[k])} ${name}`);
  }

  /** Lists the kinds of side work with a switch for each. */
  drawSides() {
    const { graph, picture } = this;
    const counts = new Int32Array(graph.sides.length + 1);
    for (const side of graph.side) counts[side]++;
    const rows = graph.sides.map((name, k) => [name, k + 1, counts[k + 1]]).filter(([, , n]) => n > 0);
    $('sides-box').hidden = rows.length === 0;
    this.switches = rows.map(([name, k, n]) => {
      const input = el('input', { type: 'checkbox', onchange: () => { picture.showSides((j) => (j === k ? input.checked : picture.sides[j] > 0)); this.draw(this.canvas.selected ?? 's0'); } });
      input.checked = picture.sides[k] > 0;
      return [k, input, el('li', {}, el('label', {}, input, el('span', {}, name), el('span', { class: 'tally' }, number(n))))];
    });
    $('sides').replaceChildren(...this.switches.map(([, , row]) => row));
  }

  drawColors() {
    $('color').replaceChildren(...this.modes.map((m) => el('option', { value: m.name }, m.label)));
    $('color').addEventListener('change', () => {
      this.mode = this.modes.find((m) => m.name === $('color').value);
      this.draw(this.canvas.selected ?? 's0');
      this.drawLegend();
    });
    this.drawLegend();
  }

  drawLegend() {
    const used = new Set(categoriesOf(this.graph, this.mode));
    $('legend').replaceChildren(...this.mode.categories.map((c, k) => {
      if (!used.has(k)) return null;
      const swatch = el('i');
      swatch.style.background = c.color;
      return el('li', {}, swatch, el('span', { title: c.label }, c.label));
    }).filter(Boolean));
  }

  /** Returns the name by which the search finds an item. */
  nameOf(item) {
    if (item.kind === 'node') return this.graph.name(item.ref);
    if (item.kind === 'scope' || item.kind === 'function') return this.graph.path(item.ref);
    if (item.kind === 'root' || !item.parent) return this.title;
    const up = item.parent.kind === 'root' || item.parent.kind === 'top' ? '' : this.nameOf(item.parent) + '/';
    return up + item.label;
  }

  /** Shows the details of an item and marks it in the picture. */
  select(item) {
    this.canvas.choose(item.key);
    this.fill(item);
  }

  fill(item) {
    const panel = $('details');
    panel.hidden = false;
    $('hint').hidden = true;
    panel.replaceChildren(...details(this, item));
    panel.scrollTop = 0;
    $('side').scrollTop = 0;
  }

  /** Shows a node or scope in the graph, and selects it. */
  show(kind, ref) {
    this.view('graph');
    if (kind === 'scope' && ref === 0) return this.select(this.canvas.top.children[0]);
    const key = this.picture.reveal(kind, ref);
    for (const [k, input] of this.switches) input.checked = this.picture.sides[k] > 0;
    this.draw();
    this.canvas.choose(key, { center: true });
    const item = this.picture.byKey.get(key);
    if (item) this.fill(item);
    this.announce(`${kind === 'node' ? this.graph.name(ref) : this.graph.path(ref)} selected`);
    return item;
  }

  find(text) {
    $('search').value = text;
    $('search').focus();
    this.search.run();
  }

  announce(text) {
    $('status').textContent = visible(text);
  }

  view(name) {
    for (const tab of document.querySelectorAll('[role=tab]')) {
      const on = tab.dataset.view === name;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
      $(tab.getAttribute('aria-controls')).hidden = !on;
    }
    document.body.dataset.view = name;
    if (name === 'sizes') {
      this.treemap ??= new Treemap(this, $('sizes'));
      this.treemap.draw();
    }
    if (name === 'graph') this.canvas.later();
  }

  tabKey(event) {
    const tabs = [...document.querySelectorAll('[role=tab]:not([hidden])')];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    next.focus();
    this.view(next.dataset.view);
  }

  listen() {
    $('zoom-in').addEventListener('click', () => this.canvas.zoom(this.canvas.scale * 1.25));
    $('zoom-out').addEventListener('click', () => this.canvas.zoom(this.canvas.scale / 1.25));
    $('fit').addEventListener('click', () => this.canvas.fit());
    $('theme').addEventListener('click', () => {
      const dark = getComputedStyle(document.documentElement).colorScheme === 'dark';
      document.documentElement.dataset.theme = dark ? 'light' : 'dark';
      this.canvas.later();
    });
    $('reset').addEventListener('click', () => {
      this.picture.open = new Set(['s0']);
      this.picture.offsets.clear();
      this.begin();
    });
    document.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input, select, textarea')) return;
      const keys = { '/': () => $('search').select(), '+': () => $('zoom-in').click(), '-': () => $('zoom-out').click(), 0: () => $('fit').click(), '=': () => $('zoom-in').click() };
      if (!keys[e.key]) return;
      e.preventDefault();
      keys[e.key]();
    });
    addEventListener('resize', () => this.canvas.resize());
    addEventListener('beforeprint', () => this.canvas.zoom(1));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.canvas.later());
  }
}

async function start() {
  try {
    const page = new Page(await unpack());
    page.start();
    document.documentElement.dataset.ready = 'true';
  } catch (error) {
    $('empty').hidden = false;
    $('empty').textContent = 'This page cannot be shown: ' + visible(string(error.message));
    throw error;
  }
}

start();
