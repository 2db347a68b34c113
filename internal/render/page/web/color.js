import { bytes, count, visible } from './text.js';
import { none } from './graph.js';

// The meaning of the colors of boxes. Each mode assigns every node to one of a few categories.

const opKinds = [
  ['variables', /^(Variable(V2)?|VarHandleOp|ReadVariableOp|ResourceGather|AutoReloadVariable|TemporaryVariable|.*HashTable.*|LookupTable.*)$/],
  ['constants', /^(Const|Fill|ZerosLike|OnesLike|ImmutableConst|HostConst)$/],
  ['inputs', /^(Placeholder.*|.*Iterator.*|.*Dataset.*|.*Queue.*|.*Reader.*|Parse.*|Decode.*|_Arg|Batch|ReadFile|MatchingFiles)$/],
  ['layers', /^(.*Conv.*|.*MatMul.*|Einsum|BiasAdd.*|.*Norm.*|.*Pool.*|.*LSTM.*|.*GRU.*|.*RNN.*|.*Relu.*|.*Softmax.*|.*Sigmoid|Tanh|Elu|Selu|LRN|.*CTC.*|.*Embedding.*)$/],
  ['control flow', /^(Switch|Merge|Enter|Exit|NextIteration|LoopCond|If|StatelessIf|While|StatelessWhile|Case|.*PartitionedCall|RefSwitch|RefMerge|RefEnter|NoOp|ControlTrigger|Assert|_Retval)$/],
  ['random', /^(.*Random.*|.*TruncatedNormal.*|Multinomial|.*Dropout.*)$/],
  ['updates', /^(Assign.*|.*Apply.*|Scatter.*|Save.*|Restore.*|.*Summary.*|MergeV2Checkpoints|ShardedFilename)$/],
  ['shapes', /^(Reshape|Shape(N)?|Rank|Size|Concat.*|Split.*|Slice|StridedSlice|Pack|Unpack|Stack|Unstack|Gather.*|Transpose|ExpandDims|Squeeze|Tile|Pad.*|Identity.*|Cast|Range|Where|OneHot|Reverse.*|BroadcastTo|.*Resize.*|TensorArray.*|StopGradient)$/],
];

const mostCategories = 10;

/** Returns the modes: {name, label, categories: [{label, color}], of(node)}. severities maps nodes to the severity of a problem. */
export function modes(graph, severities) {
  const list = [opMode(graph), deviceMode(graph), sizeMode(graph), problemMode(severities)];
  return graph.change ? [changeMode(graph), ...list] : list;
}

function palette(labels) {
  return labels.map((label, k) => ({ label, color: `var(--k${k % mostCategories})` }));
}

function opMode(graph) {
  const byText = new Map();
  const of = (i) => {
    const op = graph.op[i];
    if (!byText.has(op)) {
      const k = opKinds.findIndex(([, pattern]) => pattern.test(graph.text(op)));
      byText.set(op, k < 0 ? opKinds.length : k);
    }
    return byText.get(op);
  };
  return { name: 'op', label: 'op kind', categories: palette([...opKinds.map(([label]) => label), 'math and others']), of };
}

function deviceMode(graph) {
  const counts = new Map();
  for (let i = 0; i < graph.count; i++) counts.set(graph.device[i], (counts.get(graph.device[i]) ?? 0) + 1);
  const devices = [...counts.keys()].filter((d) => d !== 0).sort((a, b) => counts.get(b) - counts.get(a));
  const named = devices.slice(0, mostCategories - 1);
  const numbers = new Map(named.map((d, k) => [d, k]));
  const categories = palette(named.map((d) => visible(graph.text(d))));
  if (devices.length > named.length) categories.push({ label: 'other devices', color: 'var(--k9)' });
  categories.push({ label: 'no device', color: 'var(--plain)' });
  const other = named.length;
  const unplaced = categories.length - 1;
  return { name: 'device', label: 'device', categories, of: (i) => (graph.device[i] === 0 ? unplaced : numbers.get(graph.device[i]) ?? other) };
}

const sizes = [100, 1000, 10_000, 100_000, 1_000_000];

function sizeMode(graph) {
  const size = graph.column('size');
  const categories = sizes.map((limit, k) => ({ label: 'under ' + bytes(limit), color: `var(--s${k})` }));
  categories.push({ label: bytes(sizes.at(-1)) + ' and more', color: 'var(--s5)' });
  return { name: 'size', label: 'size in the file', categories, of: (i) => sizes.findLastIndex((limit) => size[i] >= limit) + 1 };
}

function problemMode(severities) {
  const names = ['error', 'warning', 'info'];
  const categories = names.map((label) => ({ label, color: `var(--${label})` }));
  categories.push({ label: 'no problem', color: 'var(--plain)' });
  return { name: 'problems', label: 'problems', categories, of: (i) => (severities.has(i) ? names.indexOf(severities.get(i)) : 3) };
}

/** The changes of a node, by the number in the column `change`. */
export const changeNames = ['unchanged', 'added', 'removed', 'changed', 'renamed'];

function changeMode(graph) {
  const categories = changeNames.map((label) => ({ label, color: `var(--${label})` }));
  return { name: 'change', label: 'change', categories, of: (i) => graph.change[i] };
}

/** Returns the category of every node. */
export function categoriesOf(graph, mode) {
  if (!mode.list) {
    mode.list = new Uint8Array(graph.count);
    for (let i = 0; i < graph.count; i++) mode.list[i] = mode.of(i);
  }
  return mode.list;
}

/** Counts the categories of the nodes of each item: an array of counts by the item's number. */
export function tally(picture, mode) {
  const counts = picture.items.map(() => new Int32Array(mode.categories.length));
  const { nodeItem } = picture;
  const list = categoriesOf(picture.graph, mode);
  for (let i = 0; i < nodeItem.length; i++) if (nodeItem[i] !== none) counts[nodeItem[i]][list[i]]++;
  for (let k = picture.items.length - 1; k > 0; k--) {
    const up = counts[picture.items[k].parent.id];
    for (let c = 0; c < up.length; c++) up[c] += counts[k][c];
  }
  return counts;
}

/** Returns the shares of the categories as text, for a bar. */
export function shares(mode, counts) {
  return mode.categories.map((c, k) => [c, counts[k]]).filter(([, n]) => n > 0).map(([c, n]) => `${c.label}: ${count(n, 'node')}`).join('\n');
}
