import { bytes, count, el, number, shape, string, visible } from './text.js';
import { placeNode } from './facts.js';
import { jump, nodeLink } from './search.js';
import { none } from './graph.js';

// The tables of show. They can be sorted and filtered, and link to the graph.

const rowsAtOnce = 500; // number of rows shown at a time in a long table
const mostRows = 5000;

/** Returns the tables of a file: {id, title, columns, rows, row}. A column is [heading, value(fact), draw(fact), "number"]. */
function definitions(page) {
  const f = page.facts.json;
  const link = (get) => [get, (x) => nodeLink(page, get(x))];
  const num = (v) => (v === null || v === undefined ? '' : number(v));
  const size = (v) => (v === null || v === undefined ? '' : bytes(v));
  const io = [['tensor', ...link((t) => string(t.tensor))], ['role', (t) => t.role], ['dtype', (t) => t.dtype], ['shape', (t) => shape(t.shape)], ['why', (t) => string(t.why)]];
  const tensors = (list) => list.map((t) => `${string(t.key)}: ${string(t.tensor)} ${t.dtype} ${shape(t.shape)}`).join('; ');
  return [
    { id: 'inputs', title: 'Inputs', rows: f.inputs, name: (t) => string(t.tensor), columns: io },
    { id: 'outputs', title: 'Outputs', rows: f.outputs, name: (t) => string(t.tensor), columns: io },
    { id: 'problems', title: 'Problems', rows: f.problems, key: (p) => p.id, columns: [['severity', (p) => p.severity, (p) => el('span', { class: 'badge ' + p.severity }, p.severity)],
      ['problem', (p) => p.id], ['places', (p) => p.count, null, 'number'], ['where', (p) => string(p.place), (p) => placeLink(page, p)],
      ['what', (p) => string(p.message)], ['what to do', (p) => string(p.hint)]] },
    { id: 'variables', title: 'Variables', rows: f.variables, name: (v) => string(v.name), columns: [['name', ...link((v) => string(v.name))], ['kind', (v) => v.kind],
      ['dtype', (v) => v.dtype], ['shape', (v) => shape(v.shape)], ['parameters', (v) => v.parameters, (v) => num(v.parameters), 'number'],
      ['bytes', (v) => v.bytes, (v) => size(v.bytes), 'number'], ['trainable', (v) => (v.trainable ? 'yes' : 'no')],
      ['checkpoint key', (v) => keysOf(page.graph, v)], ['belongs to', (v) => string(v.of)]] },
    { id: 'signatures', title: 'Signatures', rows: f.signatures, name: (s) => string(s.key), columns: [['key', (s) => string(s.key)], ['method', (s) => string(s.method_name)],
      ['inputs', (s) => tensors(s.inputs)], ['outputs', (s) => tensors(s.outputs)]] },
    { id: 'collections', title: 'Collections', rows: f.collections, name: (c) => string(c.key), columns: [['key', (c) => string(c.key)], ['kind', (c) => c.kind],
      ['entries', (c) => c.count, null, 'number'], ['holds', (c) => holds(c), (c) => holdsLinks(page, c)]] },
    { id: 'devices', title: 'Devices', rows: f.devices, name: (d) => string(d.device), columns: [['device', (d) => string(d.device)], ['nodes', (d) => d.nodes, (d) => num(d.nodes), 'number'],
      ['in functions', (d) => d.function_nodes, (d) => num(d.function_nodes), 'number'], ['spelled', (d) => (d.spellings ?? []).map((s) => string(s.text)).join(', ')]] },
    { id: 'ops', title: 'Ops', rows: f.ops, name: (o) => string(o.op), columns: [['op', (o) => string(o.op)], ['nodes', (o) => o.nodes, (o) => num(o.nodes), 'number'],
      ['in functions', (o) => o.function_nodes, (o) => num(o.function_nodes), 'number'], ['defined by the file', (o) => (o.function ? 'function' : o.in_op_list ? 'yes' : 'no')]] },
    { id: 'functions', title: 'Functions', rows: f.functions, name: (x) => string(x.name), columns: [['name', (x) => string(x.name), (x) => functionLink(page, string(x.name))],
      ['nodes', (x) => x.nodes, (x) => num(x.nodes), 'number'], ['takes', (x) => args(x.inputs)], ['returns', (x) => args(x.outputs)], ['callers', (x) => x.callers, null, 'number']] },
    { id: 'savers', title: 'Savers', rows: [f.saver, ...f.savers ?? []].filter(Boolean), columns: [['restore op', ...link((s) => string(s.restore_op_name))],
      ['save tensor', ...link((s) => string(s.save_tensor_name))], ['file name tensor', ...link((s) => string(s.filename_tensor_name))], ['format', (s) => s.version],
      ['sharded', (s) => (s.sharded ? 'yes' : 'no')], ['keeps', (s) => s.max_to_keep, null, 'number']] },
    { id: 'assets', title: 'Assets', rows: f.assets, name: (a) => string(a.filename), columns: [['file', (a) => string(a.filename)], ['tensor', ...link((a) => string(a.tensor))]] },
  ].filter((t) => t.rows);
}

/** Returns the checkpoint keys of a variable, or of its parts. */
const keysOf = (graph, v) => (v.parts ?? [v]).map((p) => graph.keys(graph.find(string(p.name)))).filter(Boolean).join(', ');

const args = (list) => list.map((a) => `${string(a.name)} ${a.dtype}`).join(', ');

function holds(collection) {
  const texts = (collection.entries ?? []).slice(0, 200).map(entryText);
  return texts.join(', ') + (collection.count > texts.length ? ', …' : '');
}

function entryText(e) {
  if (e === null || typeof e !== 'object') return string(e);
  return string(e.variable_name ?? e.context_name ?? e.queue_name ?? e.base64 ?? null) || JSON.stringify(e.value ?? e);
}

function holdsLinks(page, collection) {
  const entries = (collection.entries ?? []).slice(0, 12);
  const items = entries.map((e) => el('li', {}, nodeLink(page, entryText(e))));
  if (collection.count > entries.length) items.push(el('li', {}, `and ${number(collection.count - entries.length)} more`));
  return el('ul', { class: 'entries' }, ...items);
}

function placeLink(page, problem) {
  const places = (problem.examples ?? [problem]).slice(0, 5);
  return el('ul', { class: 'entries' }, ...places.map((e) => {
    const node = placeNode(page.graph, string(e.place));
    return el('li', {}, node === none ? string(e.place) : jump(page, 'node', node, string(e.place)));
  }));
}

function functionLink(page, name) {
  const body = page.graph.findFunction(name);
  return body === none ? name : jump(page, 'scope', body, name);
}

/** Fills the view with the tables, and the table of contents with links to them. */
export function drawTables(page, view, contents) {
  for (const t of definitions(page)) {
    const section = el('section', { id: 'table-' + t.id }, el('h2', {}, t.title, el('span', { class: 'tally' }, number(t.rows.length))));
    section.append(t.rows.length > 0 ? new Table(t).element : el('p', { class: 'empty', 'data-table': t.id }, 'none'));
    view.append(section);
    contents.append(el('li', {}, el('button', { type: 'button', class: t.rows.length ? '' : 'none', onclick: () => section.scrollIntoView() }, t.title, el('span', { class: 'tally' }, number(t.rows.length)))));
  }
}

class Table {
  constructor(definition) {
    this.d = definition;
    this.d.columns = this.d.columns.filter(([, value]) => this.d.rows.some((r) => value(r) !== '')); // omit columns that are always empty
    this.order = null;
    this.query = '';
    this.limit = definition.rows.length > mostRows ? rowsAtOnce : mostRows;
    this.body = el('tbody', {});
    this.heads = this.d.columns.map(([heading, , , kind], k) => el('th', { scope: 'col', class: kind }, el('button', { type: 'button', onclick: () => this.sort(k) }, heading)));
    this.more = el('button', { type: 'button', class: 'more', onclick: () => { this.limit += rowsAtOnce; this.fill(); } });
    const table = el('table', { 'data-table': this.d.id }, el('caption', { class: 'unseen' }, this.d.title), el('thead', {}, el('tr', {}, ...this.heads)), this.body);
    const filter = el('input', { type: 'text', class: 'filter', placeholder: 'Filter', 'aria-label': 'Filter ' + this.d.title.toLowerCase(), oninput: (e) => { this.query = e.target.value.toLowerCase(); this.fill(); } });
    this.element = el('div', {}, this.d.rows.length > 8 && filter, el('div', { class: 'sheet' }, table), this.more);
    this.fill();
  }

  sort(k) {
    const direction = this.order?.k === k && this.order.direction === 1 ? -1 : 1;
    this.order = this.order?.k === k && this.order.direction === -1 ? null : { k, direction };
    for (const [j, head] of this.heads.entries()) head.setAttribute('aria-sort', j !== this.order?.k ? 'none' : this.order.direction === 1 ? 'ascending' : 'descending');
    this.fill();
  }

  fill() {
    const { columns, rows, name, key } = this.d;
    let list = rows;
    if (this.query) list = list.filter((r) => columns.some(([, value]) => String(value(r) ?? '').toLowerCase().includes(this.query)));
    if (this.order) {
      const [, value] = columns[this.order.k];
      list = [...list].sort((a, b) => this.order.direction * compare(value(a), value(b)));
    }
    this.body.replaceChildren(...list.slice(0, this.limit).map((r) => el('tr', { 'data-name': name?.(r), 'data-id': key?.(r) },
      ...columns.map(([, value, draw, kind]) => el('td', { class: kind }, draw ? draw(r) : visible(value(r) ?? ''))))));
    this.more.hidden = list.length <= this.limit;
    this.more.textContent = `show more (${count(list.length - this.limit, 'row')})`;
  }
}

function compare(a, b) {
  if (typeof a === 'number' || typeof b === 'number') return (a ?? -1) - (b ?? -1);
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
