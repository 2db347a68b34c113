/* global dagre */
import { inside, outside } from './items.js';

// The layout. Each open scope is laid out separately, with its children as boxes of known size. So the cost of opening a scope
// depends only on its contents and on the scopes around it.

export const header = 28; // height of an open scope's title
const padding = 14;
const gap = 14;
const port = 6; // size of the point where links enter or leave an open scope
const slow = 220; // number of links from which the layout is simplified

/** Sets x and y (relative to the parent), width and height of every item, and the points of every link. box returns the size of a closed item. */
export function place(item, box) {
  for (const child of item.children) place(child, box);
  if (!item.open) {
    Object.assign(item, box(item));
    return;
  }
  const inner = item.kind === 'top' ? stack(item.children) : arrange(item);
  const frame = item.kind === 'top' || item.kind === 'root' ? { left: 0, top: 0, right: 0, bottom: 0 }
    : { left: padding, top: header + padding, right: padding, bottom: padding };
  const width = Math.max(inner.width, frame.top > 0 ? box(item).width + 40 : 0);
  item.inset = { ...frame, left: frame.left + (width - inner.width) / 2 };
  item.width = width + frame.left + frame.right;
  item.height = inner.height + frame.top + frame.bottom;
}

/** Stacks items vertically. */
function stack(children) {
  let y = 0;
  let width = 0;
  for (const c of children) {
    c.x = 0;
    c.y = y;
    y += c.height + 3 * gap;
    width = Math.max(width, c.width);
  }
  for (const c of children) c.x = (width - c.width) / 2;
  return { width, height: Math.max(0, y - 3 * gap) };
}

/** Lays out the children of an open item along their links. Children without links follow in rows below. */
function arrange(item) {
  const flow = item.links.filter((l) => l.data > 0);
  const linked = new Set(flow.flatMap((l) => [l.from, l.to]));
  const members = item.children.filter((c) => linked.has(c.id));
  const size = members.length > 0 ? layered(item, members, flow) : { width: 0, height: 0 };
  const others = item.children.filter((c) => !linked.has(c.id));
  if (others.length > 0) {
    const below = size.height > 0 ? size.height + 2 * gap : 0;
    const grid = rows(others, Math.max(size.width, rowWidth(others)), below);
    const width = Math.max(size.width, grid.width);
    const shift = (width - size.width) / 2;
    for (const c of members) c.x += shift;
    for (const l of flow) for (const p of l.points) p.x += shift;
    if (item.ports) for (const p of Object.values(item.ports)) p.x += shift;
    size.width = width;
    size.height = grid.height;
    if (item.ports?.[outside]) item.ports[outside].y = size.height + padding;
    for (const l of flow) if (l.to === outside) l.points.at(-1).y = size.height + padding;
  }
  for (const l of item.links) l.points ??= straight(item, l);
  return size;
}

function rowWidth(items) {
  const area = items.reduce((sum, c) => sum + (c.width + gap) * (c.height + gap), 0);
  return Math.max(Math.sqrt(area * 2.2), ...items.map((c) => c.width));
}

function rows(items, width, top) {
  let x = 0;
  let y = top;
  let tall = 0;
  let widest = 0;
  for (const c of items) {
    if (x > 0 && x + c.width > width) {
      x = 0;
      y += tall + gap;
      tall = 0;
    }
    c.x = x;
    c.y = y;
    x += c.width + gap;
    widest = Math.max(widest, x - gap);
    tall = Math.max(tall, c.height);
  }
  return { width: widest, height: y + tall };
}

/** Lays out children with dagre. */
function layered(item, members, flow) {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: 'TB', nodesep: 18, ranksep: 34, edgesep: 10, ranker: flow.length > slow ? 'longest-path' : 'network-simplex',
    acyclicer: flow.some((l) => l.removed) ? 'greedy' : undefined });
  for (const c of members) g.setNode(c.id, { width: c.width, height: c.height });
  for (const end of [inside, outside]) if (flow.some((l) => l.from === end || l.to === end)) g.setNode(end, { width: port, height: port });
  const weight = (l) => (l.removed === l.data + l.control ? 1 : l.from < 0 || l.to < 0 ? 1 : 2 + Math.min(6, Math.round(Math.log2(l.data)))); // whole numbers: rounding errors make the network simplex run forever
  for (const l of flow) g.setEdge(l.from, l.to, { weight: weight(l), link: l });
  dagre.layout(g);
  for (const c of members) {
    const at = g.node(c.id);
    c.x = at.x - c.width / 2;
    c.y = at.y - c.height / 2;
  }
  item.ports = {};
  const { width, height } = g.graph();
  for (const end of [inside, outside]) if (g.hasNode(end)) item.ports[end] = { x: g.node(end).x, y: end === inside ? -padding - header : height + padding };
  for (const e of g.edges()) {
    const { link, points } = g.edge(e);
    link.points = points.map((p) => ({ x: p.x, y: p.y }));
    anchor(link, item, g);
  }
  return { width, height };
}

/** Moves the ends of a link to the ports of its scope, the ports of open scopes, or the edges of boxes. */
function anchor(link, item, g) {
  const first = link.points[0];
  const last = link.points.at(-1);
  const end = (id, point, side) => {
    if (id < 0) Object.assign(point, item.ports[id]);
    else {
      const c = item.children.find((x) => x.id === id);
      const inner = c.open && c.ports?.[side];
      const at = g.node(id);
      if (inner) point.x = c.x + c.inset.left + inner.x;
      else if (c.width > 60) point.x = Math.min(Math.max(point.x, c.x + 12), c.x + c.width - 12);
      const above = side === inside ? point.y <= at.y : point.y < at.y;
      point.y = above ? c.y : c.y + c.height;
    }
  };
  end(link.from, first, outside);
  end(link.to, last, inside);
  if (link.points.length === 3) link.points[1].x = (first.x + last.x) / 2;
}

/** Returns the points of a control link, which the layout ignores. */
function straight(item, link) {
  const at = (id, side) => {
    if (id < 0) return item.ports?.[id] ?? null;
    const c = item.children.find((x) => x.id === id);
    return { x: c.x + c.width / 2, y: side === 'from' ? c.y + c.height : c.y, c };
  };
  const a = at(link.from, 'from');
  const b = at(link.to, 'to');
  if (!a || !b) return [];
  if (a.c && b.c && b.y < a.y) {
    a.y = a.c.y;
    b.y = b.c.y + b.c.height;
  }
  return [{ x: a.x, y: a.y }, { x: b.x, y: b.y }];
}
