import { attrText, bytes, count, el, longList, number, string } from './text.js';
import { control } from './graph.js';
import { changeNames } from './color.js';
import { jump } from './search.js';

// The details of the selected box.

/** Returns the content of the panel for an item of the picture. */
export function details(page, item) {
  if (item.kind === 'node') return nodeDetails(page, item.ref);
  if (item.kind === 'group' || item.kind === 'functions') return groupDetails(page, item);
  return scopeDetails(page, item.ref);
}

function heading(page, name, what, ...badges) {
  const slash = name.lastIndexOf('/') + 1;
  return el('header', {}, el('p', { class: 'kind' }, what, ...badges), el('h2', {}, el('span', { class: 'path' }, name.slice(0, slash)), name.slice(slash)));
}

function section(title, ...content) {
  return el('section', {}, el('h3', {}, title), ...content);
}

function facts(pairs) {
  return el('dl', {}, ...pairs.filter(([, v]) => v !== null && v !== '' && v !== undefined).flatMap(([k, v]) => [el('dt', {}, k), el('dd', {}, v)]));
}

function nodeDetails(page, i) {
  const { graph: g } = page;
  const inputs = g.inputs(i);
  const readers = g.readers(i);
  const change = g.change ? g.change[i] : 0;
  const badge = change ? el('span', { class: 'badge ' + changeNames[change] }, changeNames[change]) : null;
  const side = g.side[i] ? g.sides[g.side[i] - 1] : '';
  const known = page.facts.about(i);
  const former = g.change ? g.text(g.column('former')[i]) : '';
  return [
    heading(page, g.name(i), g.text(g.op[i]), badge, ...known.marks.map((m) => el('span', { class: 'badge ' + m.mark }, m.role))),
    facts([
      ['op', g.text(g.op[i])], ['formerly', former], ['device', g.text(g.device[i]) || 'none'], ...g.types(i).map((t, k, all) => [all.length > 1 ? `output ${k}` : 'output', t]),
      ['size', bytes(g.column('size')[i])], ['set aside', side], ['scope', scopeLink(page, g.scope[i])],
    ]),
    ...known.changes.map((c) => section('Changes', facts(c))),
    ...known.sections.map(([title, pairs]) => section(title, facts(pairs))),
    section(`Attributes (${g.attrs(i).length})`, facts(g.attrs(i).map(([key, value]) => [string(key), attrText(value)]))),
    section(`Inputs (${inputs.length})`, ...longList(inputs, (e) => el('li', {}, ...inputEntry(page, e)))),
    section(`Readers (${readers.length})`, ...longList(readers, (e) => el('li', {}, jump(page, 'node', e.node, g.name(e.node)), tag(e, 'output')))),
  ];
}

function scopeLink(page, s) {
  return s === 0 ? 'none' : jump(page, 'scope', s, page.graph.path(s));
}

function inputEntry(page, e) {
  const { graph: g } = page;
  if (e.missing !== undefined) return [el('span', { class: 'missing' }, e.missing), el('span', { class: 'tag' }, 'does not exist')];
  return [jump(page, 'node', e.from, g.name(e.from)), tag(e, 'output'), el('span', { class: 'tag' }, g.text(g.op[e.from]))];
}

function tag(e, noun) {
  const text = e.port === control ? 'control' : e.port > 0 ? `${noun} ${e.port}` : '';
  const change = e.change ? el('span', { class: 'badge ' + changeNames[e.change] }, changeNames[e.change]) : null;
  return [text && el('span', { class: 'tag' }, text), change];
}

/** Calls visit with every node in a scope and its subscopes. */
function within(g, s, visit) {
  for (const scopes = [s]; scopes.length > 0;) {
    const at = scopes.pop();
    for (const i of g.nodes(at)) visit(i);
    for (const k of g.kids(at)) scopes.push(k);
  }
}

/** Returns totals of nodes: their number, their bytes, and the number with each op and each device. */
function sums(g, each) {
  const size = g.column('size');
  const total = { nodes: 0, bytes: 0, ops: new Map(), devices: new Map() };
  each((i) => {
    total.nodes++;
    total.bytes += size[i];
    total.ops.set(g.op[i], (total.ops.get(g.op[i]) ?? 0) + 1);
    total.devices.set(g.device[i], (total.devices.get(g.device[i]) ?? 0) + 1);
  });
  return total;
}

function sumSections(page, total) {
  const { graph: g } = page;
  const sorted = (map) => [...map].sort((a, b) => b[1] - a[1]);
  const most = (map, empty) => facts(sorted(map).slice(0, 14).map(([text, n]) => [g.text(text) || empty, count(n, 'node')]));
  return [section(`Ops (${total.ops.size})`, most(total.ops, '')), section('Devices', most(total.devices, 'no device'))];
}

function scopeDetails(page, s) {
  const { graph: g } = page;
  const total = sums(g, (visit) => within(g, s, visit));
  const body = g.parent[s] === s;
  const parameters = page.facts.parametersIn(g.path(s));
  const kids = [...g.kids(s)];
  return [
    heading(page, s === 0 ? page.title : g.path(s), s === 0 ? 'graph' : body ? 'function' : 'scope'),
    facts([['nodes', number(total.nodes)], ['size', bytes(total.bytes)], ['variables', parameters.variables ? number(parameters.variables) : null],
      ['parameters', parameters.parameters ? number(parameters.parameters) : null], ['scope', body ? null : scopeLink(page, g.parent[s])]]),
    ...page.facts.aboutScope(s).map(([title, pairs]) => section(title, facts(pairs))),
    ...sumSections(page, total),
    kids.length > 0 && section(`Scopes (${kids.length})`, ...longList(kids, (k) => el('li', {}, jump(page, 'scope', k, g.scopeName(k))))),
    section(`Nodes (${g.nodes(s).length})`, ...longList([...g.nodes(s)], (i) => el('li', {}, jump(page, 'node', i, g.leafName(i)), el('span', { class: 'tag' }, g.text(g.op[i]))))),
  ].filter(Boolean);
}

function groupDetails(page, item) {
  const { graph: g } = page;
  const each = (visit) => item.members.forEach((m) => (m.kind === 'node' ? visit(m.ref) : within(g, m.ref, visit)));
  const total = sums(g, each);
  const draw = (m) => el('li', {}, m.kind === 'node' ? jump(page, 'node', m.ref, g.name(m.ref)) : jump(page, 'scope', m.ref, g.path(m.ref)));
  return [
    heading(page, item.label, item.note === 'repeated' ? 'repeated scopes' : 'group'),
    facts([['nodes', number(total.nodes)], ['size', bytes(total.bytes)]]),
    ...sumSections(page, total),
    section(`Members (${number(item.members.length)})`, ...longList(item.members, draw)),
  ];
}
