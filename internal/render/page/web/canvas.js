import { count, el, number, svg, visible } from './text.js';
import { place } from './layout.js';
import { changeNames, shares, tally } from './color.js';
import { none } from './graph.js';

// The picture on the screen. Boxes are elements that are nested like the scopes; links are SVG behind them. The canvas scrolls like
// any element, so keyboards, touch screens and screen readers can reach everything.

const margin = 40;
const least = 0.12;
const largest = 2.5;

export class Canvas {
  /** page has graph, picture, facts and mode. select(item) is called when a box is chosen; announce(text) informs screen readers. */
  constructor(page, host, minimap) {
    this.page = page;
    this.host = host;
    this.minimap = minimap;
    this.scale = 1;
    this.pen = document.createElement('canvas').getContext('2d');
    this.stage = el('div', { class: 'stage', role: 'tree', 'aria-label': 'Graph' });
    this.sizer = el('div', { class: 'sizer' }, this.stage);
    host.append(this.sizer);
    host.addEventListener('scroll', () => this.later());
    host.addEventListener('wheel', (e) => this.wheel(e), { passive: false });
    host.addEventListener('pointerdown', (e) => this.drag(e));
    this.stage.addEventListener('click', (e) => this.click(e));
    this.stage.addEventListener('dblclick', (e) => this.toggle(this.itemAt(e.target)));
    this.stage.addEventListener('keydown', (e) => this.key(e));
    minimap.addEventListener('pointerdown', (e) => this.jumpTo(e));
    minimap.addEventListener('pointermove', (e) => e.buttons === 1 && this.jumpTo(e));
    new ResizeObserver(() => this.later()).observe(host);
  }

  // Drawing

  /** Redraws the picture. The item with the key keeps its place on the screen. */
  draw(keep) {
    const before = keep && this.element(keep)?.getBoundingClientRect();
    const { picture } = this.page;
    this.top = picture.build();
    place(this.top, (item) => this.box(item));
    this.counts = tally(picture, this.page.mode);
    this.changeCounts = this.page.diff ? tally(picture, this.page.modes[0]) : null; // mode 0 shows changes
    this.marked = this.marksOf();
    this.elements = new Map();
    this.paths = new Map();
    this.stage.replaceChildren(...this.content(this.top));
    this.stage.querySelector('[role=treeitem]')?.setAttribute('tabindex', '0');
    this.resize();
    const after = before && this.element(keep)?.getBoundingClientRect();
    if (after) {
      this.host.scrollLeft += after.left - before.left;
      this.host.scrollTop += after.top - before.top;
    }
    this.highlight();
  }

  element(key) {
    return this.elements?.get(this.page.picture.byKey?.get(key)?.id);
  }

  /** Returns the size of a closed box. */
  box(item) {
    const lines = this.lines(item);
    const widths = lines.map((text, k) => {
      this.pen.font = (k === 0 ? '600 13px' : '11px') + ' system-ui, sans-serif';
      return this.pen.measureText(text).width;
    });
    const extra = { node: 24, more: 76 }[item.kind] ?? 46;
    return { width: Math.ceil(Math.min(240, Math.max(56, ...widths) + extra)), height: 13 + 16 * lines.length + (item.kind === 'node' ? 0 : 5) };
  }

  /** Returns the text of a box: its name, and a second line that describes it. */
  lines(item) {
    const { graph: g } = this.page;
    if (item.kind === 'node') {
      const lines = [visible(g.leafName(item.ref))];
      const op = visible(g.text(g.op[item.ref]));
      if (op.toLowerCase() !== lines[0].toLowerCase()) lines.push(op);
      for (const mark of this.page.picture.marks.get(item.ref) ?? []) {
        const text = `${mark.role} ${mark.type}`.trim();
        if (lines.length < 4 && !lines.includes(text)) lines.push(text);
      }
      return lines;
    }
    if (item.kind === 'more') return [item.label, 'show others'];
    if (item.kind === 'group' || item.kind === 'functions') {
      const noun = item.members.every((m) => m.kind === 'node') ? 'node' : 'scope';
      const lines = [visible(item.label)];
      if (item.kind === 'group') lines.push(item.note === 'repeated' ? `× ${number(item.members.length)} alike` : count(item.members.length, noun));
      return lines;
    }
    const own = g.nodes(item.ref).find((i) => g.leaf[i] === 0);
    const nodes = count(this.page.picture.visible[item.ref] || g.nodes(item.ref).length, 'node');
    const [type] = own !== undefined && /Var/.test(g.text(g.op[own])) ? g.types(own) : [];
    return [visible(g.scopeName(item.ref)), type ?? nodes];
  }

  /** Returns the roles of the inputs and outputs in each item, with their numbers. */
  marksOf() {
    const { picture } = this.page;
    const marked = new Map();
    for (const [node, list] of picture.marks) {
      for (let item = picture.items[picture.nodeItem[node]]; item; item = item.parent) {
        if (!marked.has(item.id)) marked.set(item.id, new Map());
        const roles = marked.get(item.id);
        for (const m of list) roles.set(m.mark, (roles.get(m.mark) ?? 0) + 1);
      }
    }
    return marked;
  }

  /** Returns the elements for the contents of an open item. */
  content(item) {
    const drawing = svg('svg', { class: 'links', width: Math.max(1, item.width), height: Math.max(1, item.height), 'aria-hidden': 'true' });
    for (const link of item.links) this.drawLink(drawing, item, link);
    const boxes = item.children.map((c) => (c.kind === 'root' ? this.plain(c) : this.drawBox(c)));
    return [drawing, ...boxes];
  }

  /** Draws the graph as a whole, which has no frame. */
  plain(item) {
    const e = el('div', { class: 'plain', role: 'none' }, ...this.content(item));
    this.at(e, item);
    return e;
  }

  at(e, item) {
    const inset = item.parent.inset ?? { left: 0, top: 0 };
    e.style.left = item.x + inset.left + 'px';
    e.style.top = item.y + inset.top + 'px';
    e.style.width = item.width + 'px';
    e.style.height = item.height + 'px';
  }

  drawBox(item) {
    const openable = item.kind !== 'node' && item.kind !== 'more' && item.kind !== 'functions';
    const lines = this.lines(item);
    const name = this.page.nameOf(item);
    const change = this.changeOf(item);
    const marks = [...this.marked.get(item.id) ?? []];
    const e = el('div', {
      class: `box ${item.kind}${item.open ? ' open' : ''} ${marks.map(([m]) => m).join(' ')}`, 'data-kind': item.kind === 'functions' ? 'group' : item.kind,
      'data-name': name, 'data-change': change === 'unchanged' ? null : change, role: 'treeitem', tabindex: '-1', title: visible(name),
      'aria-expanded': openable ? String(item.open) : null, 'aria-label': [lines.join(', '), change, ...marks.map(([m, n]) => (n > 1 ? `${n} ${m}s` : m))].filter(Boolean).join(', '),
    });
    this.at(e, item);
    this.elements.set(item.id, e);
    e.append(this.title(item, lines, openable, marks));
    if (item.open) e.append(el('div', { role: 'group', class: 'inner' }, ...this.content(item)));
    else if (item.kind !== 'more') e.append(this.bar(item));
    if (item.pages) e.append(this.pager(item));
    return e;
  }

  title(item, lines, openable, marks) {
    const [name, ...more] = lines;
    const toggle = openable && el('button', { type: 'button', class: 'toggle', 'data-action': 'toggle', tabindex: '-1', 'aria-label': `${item.open ? 'close' : 'open'} ${name}` }, item.open ? '−' : '+');
    const badges = item.kind === 'node' ? [] : marks.map(([mark, n]) => el('span', { class: 'badge ' + mark, title: count(n, mark) }, n > 1 ? `${n} ${mark}s` : mark));
    const text = item.open ? [el('span', { class: 'name' }, name), el('span', { class: 'what' }, count(item.weight, 'node'))]
      : [el('span', { class: 'name' }, name), ...(item.kind === 'more' ? [] : more.map((t) => el('span', { class: 'what' }, t)))];
    return el('div', { class: 'title' }, el('div', { class: 'texts' }, ...text), ...(item.open ? badges : []), toggle);
  }

  pager(item) {
    const turn = (to) => (e) => {
      e.stopPropagation();
      this.page.picture.offsets.set(item.parent.key, to);
      this.draw(item.parent.key);
    };
    const { back, on } = item.pages;
    return el('div', { class: 'pager' }, el('button', { type: 'button', disabled: back === none, onclick: turn(back), 'aria-label': 'previous' }, '‹'),
      el('button', { type: 'button', disabled: on === none, onclick: turn(on), 'aria-label': 'next' }, '›'));
  }

  /** Returns the stripe that shows the categories of the nodes in a box. */
  bar(item) {
    const counts = this.counts[item.id];
    const total = counts.reduce((a, b) => a + b, 0);
    const bar = el('div', { class: 'bar', title: shares(this.page.mode, counts) });
    counts.forEach((n, k) => {
      if (n === 0) return;
      const part = el('i');
      part.style.flexGrow = n / total;
      part.style.background = this.page.mode.categories[k].color;
      bar.append(part);
    });
    return bar;
  }

  /** Returns the change of the nodes in an item, or "changed" if they differ. */
  changeOf(item) {
    const { graph: g } = this.page;
    if (!g.change) return null;
    if (item.kind === 'node') return changeNames[g.change[item.ref]];
    const counts = this.changeCounts[item.id];
    const kinds = changeNames.filter((_, k) => counts[k] > 0);
    return kinds.length === 1 ? kinds[0] : 'changed';
  }

  drawLink(drawing, item, link) {
    if (!link.points || link.points.length < 2) return;
    const inset = item.inset;
    const points = link.points.map((p) => ({ x: p.x + inset.left, y: p.y + inset.top }));
    const kind = link.data === 0 ? 'control' : 'data';
    const total = link.data + link.control;
    const change = link.added === total ? ' added' : link.removed === total ? ' removed' : '';
    const path = svg('path', { d: curve(points), class: 'link ' + kind + change, 'marker-end': link.to < 0 ? '' : `url(#arrow-${kind})` });
    path.style.strokeWidth = Math.min(5, 1.1 + Math.log2(Math.max(1, link.data)) * 0.45) + 'px';
    path.append(svg('title', {}, `${count(link.data, 'data input')}, ${count(link.control, 'control input')}`));
    drawing.append(path);
    this.paths.set(link, path);
    if (link.data > 1 && link.from >= 0 && link.to >= 0) {
      const middle = points[Math.floor((points.length - 1) / 2)];
      const next = points[Math.floor((points.length - 1) / 2) + 1];
      const label = svg('text', { x: (middle.x + next.x) / 2 + 4, y: (middle.y + next.y) / 2 + 3, class: 'count' }, number(link.data));
      drawing.append(label);
    }
  }

  // Selection

  /** Marks the selected box, its links, and the boxes at their other ends. */
  highlight() {
    const item = this.page.picture.byKey.get(this.selected);
    for (const e of this.stage.querySelectorAll('.selected, .near')) {
      e.classList.remove('selected', 'near');
      e.removeAttribute('aria-selected');
    }
    for (const path of this.paths.values()) path.classList.remove('hot');
    this.stage.classList.toggle('tracing', Boolean(item && item.kind !== 'root'));
    if (!item) return;
    this.elements.get(item.id)?.classList.add('selected');
    this.elements.get(item.id)?.setAttribute('aria-selected', 'true');
    const within = (x) => { for (; x; x = x.parent) if (x === item) return true; return false; };
    for (const pair of this.page.picture.pairs) {
      const a = this.page.picture.items[pair.from];
      const b = this.page.picture.items[pair.to];
      if (within(a) === within(b)) continue;
      this.elements.get((within(a) ? b : a).id)?.classList.add('near');
      for (const link of pair.pieces) this.paths.get(link)?.classList.add('hot');
    }
  }

  /** Selects an item by its key, and shows it. */
  choose(key, { center = false } = {}) {
    this.selected = key;
    this.highlight();
    const e = this.element(key);
    if (!e) return;
    this.enter(e);
    if (center) this.center(e);
  }

  /** Makes a box the target of the Tab key. */
  enter(e) {
    for (const other of this.stage.querySelectorAll('[tabindex="0"]')) other.setAttribute('tabindex', '-1');
    e.setAttribute('tabindex', '0');
  }

  center(e) {
    if (this.scale < 0.7) this.zoom(0.9);
    const box = e.getBoundingClientRect();
    const host = this.host.getBoundingClientRect();
    this.host.scrollLeft += box.left + Math.min(box.width, host.width) / 2 - host.left - host.width / 2;
    this.host.scrollTop += box.top + Math.min(box.height, host.height) / 2 - host.top - host.height / 2;
  }

  itemAt(target) {
    const e = target.closest?.('[data-kind]');
    if (!e) return null;
    for (const [id, element] of this.elements) if (element === e) return this.page.picture.items[id];
    return null;
  }

  click(event) {
    const item = this.itemAt(event.target);
    if (this.dragged) return;
    if (!item) {
      this.selected = null;
      this.highlight();
      return;
    }
    if (event.target.closest('[data-action=toggle]')) this.toggle(item);
    else if (item.kind !== 'more') this.page.select(item);
  }

  toggle(item) {
    if (!item || item.kind === 'node' || item.kind === 'more' || item.kind === 'functions') return;
    const { open } = this.page.picture;
    if (open.has(item.key)) open.delete(item.key);
    else open.add(item.key);
    this.draw(item.key);
    this.page.announce(`${this.page.nameOf(item)} ${open.has(item.key) ? 'opened' : 'closed'}`);
    if (document.activeElement === document.body) this.element(item.key)?.focus({ preventScroll: true });
  }

  // Keyboard

  key(event) {
    const item = this.itemAt(event.target);
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const boxes = [...this.stage.querySelectorAll('[role=treeitem]')];
    const at = boxes.indexOf(this.elements.get(item.id));
    const go = (e) => {
      if (!e) return;
      this.enter(e);
      e.focus();
    };
    const openable = item.kind !== 'node' && item.kind !== 'more';
    const actions = {
      ArrowDown: () => go(boxes[at + 1]),
      ArrowUp: () => go(boxes[at - 1]),
      ArrowRight: () => (openable && !item.open ? this.toggle(item) : go(this.elements.get(item.children[0]?.id))),
      ArrowLeft: () => (openable && item.open && item.kind !== 'functions' ? this.toggle(item) : go(this.elements.get(item.parent.id))),
      Home: () => go(boxes[0]),
      End: () => go(boxes.at(-1)),
      Enter: () => this.page.select(item),
      ' ': () => (openable ? this.toggle(item) : this.page.select(item)),
    };
    if (!actions[event.key] || event.target.closest('.pager')) return;
    event.preventDefault();
    actions[event.key]();
    if (document.activeElement === document.body) this.element(item.key)?.focus();
  }

  // Zoom and scrolling

  resize() {
    const { width, height } = this.top;
    this.stage.style.width = width + 'px';
    this.stage.style.height = height + 'px';
    const view = this.host;
    const wide = Math.max(view.clientWidth, width * this.scale + 2 * margin);
    const tall = Math.max(view.clientHeight - 1, height * this.scale + 2 * margin);
    this.sizer.style.width = wide + 'px';
    this.sizer.style.height = tall + 'px';
    this.stage.style.transform = `translate(${(wide - width * this.scale) / 2}px, ${margin}px) scale(${this.scale})`;
    this.origin = { x: (wide - width * this.scale) / 2, y: margin };
    this.later();
  }

  /** Zooms around the point (x, y) of the view, which is its center by default. */
  zoom(scale, x = this.host.clientWidth / 2, y = this.host.clientHeight / 2) {
    scale = Math.min(largest, Math.max(least, scale));
    const at = { x: (this.host.scrollLeft + x - this.origin.x) / this.scale, y: (this.host.scrollTop + y - this.origin.y) / this.scale };
    this.scale = scale;
    this.resize();
    this.host.scrollLeft = at.x * scale + this.origin.x - x;
    this.host.scrollTop = at.y * scale + this.origin.y - y;
  }

  /** Zooms to the whole picture, but not below the given scale. */
  fit(smallest = least) {
    const across = (this.host.clientWidth - 2 * margin) / this.top.width;
    const down = (this.host.clientHeight - 2 * margin) / this.top.height;
    this.scale = Math.min(1, Math.max(smallest, Math.min(across, down)));
    this.resize();
    this.host.scrollLeft = (this.host.scrollWidth - this.host.clientWidth) / 2;
    this.host.scrollTop = 0;
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.host.getBoundingClientRect();
    this.zoom(this.scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }

  /** Moves the picture with the pointer, unless the drag starts on a button. */
  drag(event) {
    this.dragged = false;
    if (event.button !== 0 || event.pointerType === 'touch' || event.target.closest('button') || event.target === this.host) return;
    const start = { x: event.clientX, y: event.clientY, left: this.host.scrollLeft, top: this.host.scrollTop };
    const move = (e) => {
      if (Math.hypot(e.clientX - start.x, e.clientY - start.y) > 4) this.dragged = true;
      if (!this.dragged) return;
      this.host.classList.add('dragging');
      this.host.scrollLeft = start.left - e.clientX + start.x;
      this.host.scrollTop = start.top - e.clientY + start.y;
    };
    const end = () => {
      removeEventListener('pointermove', move);
      this.host.classList.remove('dragging');
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', end, { once: true });
    addEventListener('pointercancel', end, { once: true });
  }

  // Minimap

  later() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.drawMinimap();
    });
  }

  drawMinimap() {
    if (!this.top || this.minimap.clientWidth === 0) return;
    const ratio = devicePixelRatio || 1;
    const width = this.minimap.clientWidth;
    const height = this.minimap.clientHeight;
    this.minimap.width = width * ratio;
    this.minimap.height = height * ratio;
    const c = this.minimap.getContext('2d');
    const colors = getComputedStyle(this.minimap);
    const s = Math.min(width / this.top.width, height / this.top.height);
    this.mini = { s, x: (width - this.top.width * s) / 2, y: (height - this.top.height * s) / 2 };
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.translate(this.mini.x, this.mini.y);
    const draw = (item, x, y) => {
      for (const child of item.children) {
        const left = x + child.x + (item.inset?.left ?? 0);
        const top = y + child.y + (item.inset?.top ?? 0);
        if (child.kind !== 'root') {
          c.fillStyle = child.open ? colors.outlineColor : colors.color;
          c.fillRect(left * s, top * s, Math.max(1, child.width * s), Math.max(1, child.height * s));
        }
        if (child.open) draw(child, left, top);
      }
    };
    draw(this.top, 0, 0);
    c.strokeStyle = colors.caretColor;
    c.lineWidth = 1.5;
    const view = [this.host.scrollLeft - this.origin.x, this.host.scrollTop - this.origin.y, this.host.clientWidth, this.host.clientHeight];
    c.strokeRect(...view.map((v) => (v / this.scale) * s));
  }

  jumpTo(event) {
    const box = this.minimap.getBoundingClientRect();
    const x = (event.clientX - box.left - this.mini.x) / this.mini.s;
    const y = (event.clientY - box.top - this.mini.y) / this.mini.s;
    this.host.scrollLeft = x * this.scale + this.origin.x - this.host.clientWidth / 2;
    this.host.scrollTop = y * this.scale + this.origin.y - this.host.clientHeight / 2;
  }
}

/** Returns a smooth path through points. */
function curve(points) {
  let d = `M${points[0].x} ${points[0].y}`;
  for (let k = 1; k < points.length - 1; k++) {
    const x = (points[k].x + points[k + 1].x) / 2;
    const y = (points[k].y + points[k + 1].y) / 2;
    d += k < points.length - 2 ? `Q${points[k].x} ${points[k].y} ${x} ${y}` : `Q${points[k].x} ${points[k].y} ${points.at(-1).x} ${points.at(-1).y}`;
  }
  return points.length === 2 ? d + `L${points[1].x} ${points[1].y}` : d;
}

