import { el, longList, number, string } from './text.js';
import { none } from './graph.js';
import { nodeLink } from './search.js';

// The report of a diff next to the picture.

const titles = { io: 'Inputs and outputs', object_graph: 'Object graph', debug_info: 'Debug info', info: 'Meta info' };
const kinds = [['added', 'added'], ['removed', 'removed'], ['renamed_scopes', 'renamed'], ['renamed', 'renamed'], ['changed', 'changed'], ['moved', 'changed']];

/** Returns the parts with differences as [key, part]. */
function parts(report) {
  return Object.entries(report).filter(([, p]) => p && typeof p === 'object' && 'a_count' in p && size(p) > 0);
}

function size(part) {
  return kinds.reduce((sum, [list]) => sum + (part[list]?.length ?? 0), part.fields?.length ?? 0);
}

/** Fills the panel with the report. */
export function drawChanges(page, panel) {
  const { report } = page;
  panel.append(el('p', { class: 'sides' }, el('span', { class: 'badge removed' }, 'A'), ' ' + string(report.a.file), el('br'), el('span', { class: 'badge added' }, 'B'), ' ' + string(report.b.file)));
  for (const note of report.notes ?? []) panel.append(el('p', { class: 'note' }, note));
  const found = parts(report);
  if (found.length === 0) panel.append(el('p', { class: 'empty' }, 'No differences.'));
  for (const [key, part] of found) {
    const title = titles[key] ?? key[0].toUpperCase() + key.slice(1);
    const body = el('details', { class: 'part', open: found.length < 4 || key === 'nodes' || key === 'io' }, el('summary', {}, title, el('span', { class: 'tally' }, number(size(part)))));
    for (const [list, change] of kinds) if (part[list]?.length) body.append(changeList(page, key, list, change, part[list]));
    if (part.fields?.length) body.append(fieldList(part.fields));
    panel.append(body);
  }
}

function changeList(page, key, list, change, entries) {
  return el('div', { class: 'list' }, el('h4', {}, el('span', { class: 'badge ' + change }, list.replace('_', ' ')), ' ' + number(entries.length)), ...longList(entries, (c) => entry(page, key, c), 200));
}

function entry(page, key, c) {
  const before = string(c.name);
  const after = string(c.new_name) || before;
  const isNode = key === 'nodes' || key === 'variables' || key === 'functions';
  const name = c.of !== undefined ? scopeEntry(page, c) : isNode ? nodeLink(page, after) : after;
  const former = after !== before && c.of === undefined ? el('div', { class: 'former' }, 'was ' + before) : null;
  const more = [];
  if (c.fields?.length) more.push(fieldList(c.fields));
  for (const inner of ['nodes', 'entries']) {
    if (!c[inner]) continue;
    for (const [list, change] of kinds) if (c[inner][list]?.length) more.push(changeList(page, '', list, change, c[inner][list]));
  }
  return el('li', {}, name, c.op && el('span', { class: 'tag' }, string(c.op)), c.value && el('span', { class: 'tag' }, string(c.value)), former, ...more);
}

function scopeEntry(page, c) {
  const path = string(c.new_name).replace(/\/$/, '');
  const scope = page.graph.findScope(path);
  const text = `${string(c.name) || '(top)'} → ${string(c.new_name) || '(top)'}`;
  const tally = el('span', { class: 'tag' }, `${number(c.nodes)} of ${number(c.of)} nodes`);
  return el('span', {}, scope === none || scope === 0 ? text : el('button', { type: 'button', class: 'jump', onclick: () => page.show('scope', scope) }, text), tally);
}

/** Returns a pair for each changed field: ["attr:T", "float32 → int32"]. */
export function fieldPairs(fields) {
  return fields.map((f) => [f.field, `${f.a === null ? '(none)' : string(f.a)} → ${f.b === null ? '(none)' : string(f.b)}`]);
}

function fieldList(fields) {
  return el('dl', {}, ...fieldPairs(fields).flatMap(([k, v]) => [el('dt', {}, k), el('dd', {}, v)]));
}

/** Returns a function that returns the changes of a node. */
export function changesOf(graph, report) {
  const byName = new Map((report.nodes?.changed ?? []).map((c) => [string(c.new_name) || string(c.name), c]));
  return (i) => {
    const c = graph.change?.[i] === 3 ? byName.get(graph.name(i)) : null;
    return c?.fields?.length ? [fieldPairs(c.fields)] : [];
  };
}
