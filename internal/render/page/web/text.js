// Text and elements. Strings from a file become textContent or properties, never markup.

// Characters that are invisible or reorder their neighbors.
const invisible = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Returns text with invisible characters escaped. */
export function visible(text) {
  return String(text).replace(invisible, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** Creates an element. Attributes named on* are listeners. Attributes that are null or false are omitted. Children are nodes or text. */
export function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
    else if (key === 'class') e.className = value;
    else e.setAttribute(key, value === true ? '' : value);
  }
  e.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false).map((c) => (c instanceof Node ? c : visible(c))));
  return e;
}

/** Creates an SVG element. */
export function svg(tag, attributes, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

const grouped = new Intl.NumberFormat('en-US');

/** Returns a number with its thousands grouped. */
export function number(n) {
  return grouped.format(n);
}

/** Returns "1 node", "2,654 nodes". */
export function count(n, noun) {
  return number(n) + ' ' + noun + (n === 1 ? '' : 's');
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Returns a number of bytes as show prints it: "1.21 kB". */
export function bytes(n) {
  const k = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, n * 1.0005)) / 3)));
  return (k === 0 ? String(n) : (n / 1000 ** k).toPrecision(3)) + ' ' + units[k];
}

/** Returns a shape from the JSON facts in TensorFlow's notation. */
export function shape(dims) {
  return dims ? '(' + dims.map((d) => (d < 0 ? '?' : d)).join(', ') + ')' : '';
}

/** Returns a string from the JSON facts, in which a string that is not UTF-8 is an object. */
export function string(value) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if (typeof value.base64 !== 'string') return JSON.stringify(value);
  return new TextDecoder().decode(Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)));
}

/** Returns the value of an attr in one line. */
export function attrText(value) {
  if (value === null) return '(not set)';
  if (Array.isArray(value)) return '[' + value.map(attrText).join(', ') + ']';
  if (typeof value !== 'object') return String(value);
  if ('base64' in value) return string(value);
  if ('function' in value) return string(value.function);
  if ('placeholder' in value) return '$' + string(value.placeholder);
  if ('length' in value) return '[' + value.first.map(attrText).join(', ') + ', …] (' + count(value.length, 'value') + ')';
  if ('dtype' in value && 'values' in value) {
    const values = value.values.map(attrText).join(', ');
    const more = (value.shape ?? [0]).reduce((a, b) => a * b, 1) > value.values.length && value.values.length > 1 ? ', …' : '';
    return `${value.dtype} ${shape(value.shape)} [${values}${more}], ${bytes(value.bytes)}`;
  }
  return JSON.stringify(value);
}

/** Returns a list of the first entries, and a button that adds more. draw returns an entry as an li. */
export function longList(entries, draw, first = 40) {
  const list = el('ul', {});
  const more = el('button', { type: 'button', class: 'more', onclick: () => add(10 * first) });
  let shown = 0;
  const add = (n) => {
    list.append(...entries.slice(shown, shown + n).map(draw));
    shown = Math.min(entries.length, shown + n);
    more.hidden = shown >= entries.length;
    more.textContent = `show more (${number(entries.length - shown)})`;
  };
  add(first);
  return [list, more];
}
