import { bytes, number, shape, string } from './text.js';
import { none } from './graph.js';

// Facts about single nodes from the sections of show.

const markOf = { data: 'input', auxiliary: 'input', label: 'label', prediction: 'output', loss: 'loss', metric: 'metric' };

export class Facts {
  /** changes returns the changes of a node as lists of pairs. */
  constructor(graph, json, changes) {
    this.graph = graph;
    this.json = json;
    this.changes = changes;
  }

  /** Returns the inputs and outputs by node: {role, mark, type, why}. */
  marks() {
    if (this.markMap) return this.markMap;
    this.markMap = new Map();
    for (const t of [...this.json.inputs ?? [], ...this.json.outputs ?? []]) {
      const node = markOf[t.role] ? this.graph.find(string(t.tensor)) : none;
      if (node === none) continue;
      if (!this.markMap.has(node)) this.markMap.set(node, []);
      this.markMap.get(node).push({ role: t.role, mark: markOf[t.role], type: `${t.dtype} ${shape(t.shape)}`.trim(), why: t.why });
    }
    return this.markMap;
  }

  /** Returns the worst severity of the problems at each node. */
  severities() {
    const map = new Map();
    for (const p of [...this.json.problems ?? []].reverse()) {
      for (const e of [p, ...p.examples ?? []]) {
        const node = placeNode(this.graph, string(e.place));
        if (node !== none) map.set(node, p.severity);
      }
    }
    return map;
  }

  /** Returns the entries of collections by node. */
  collections() {
    if (this.collectionMap) return this.collectionMap;
    this.collectionMap = new Map();
    const byName = new Map();
    for (const c of this.json.collections ?? []) {
      const add = (value) => {
        if (typeof value === 'string' && value.length < 2000) {
          const name = value.replace(/^\^/, '').replace(/:\d+$/, '');
          if (!byName.has(name)) byName.set(name, new Set());
          byName.get(name).add(string(c.key));
        } else if (value && typeof value === 'object') Object.values(value).forEach(add);
      };
      (c.entries ?? []).forEach(add);
    }
    this.collectionMap = byName;
    return byName;
  }

  variable(name) {
    this.variables ??= new Map((this.json.variables ?? []).map((v) => [string(v.name), v]));
    return this.variables.get(name);
  }

  /** Returns the facts about a node that are not in its definition. */
  about(i) {
    const name = this.graph.name(i);
    const marks = this.marks().get(i) ?? [];
    const sections = [];
    if (marks.length > 0) sections.push(['Input or output', marks.map((m) => [m.role, m.why])]);
    const v = this.variable(name);
    const keys = this.graph.keys(i);
    if (v || keys) sections.push(['Variable', [...v ? variablePairs(v) : [], ['checkpoint key', keys]]]);
    const collections = this.collections().get(name);
    if (collections) sections.push(['Collections', [['named in', [...collections].join(', ')]]]);
    const problems = (this.json.problems ?? []).flatMap((p) => [p, ...p.examples ?? []].filter((e) => placeNode(this.graph, string(e.place)) === i)
      .map((e) => [p.id, string(e.message)]));
    if (problems.length > 0) sections.push(['Problems', [...new Map(problems.map((p) => [p.join(), p])).values()]]);
    for (const s of this.json.signatures ?? []) {
      const used = [...s.inputs.map((t) => ['input', t]), ...s.outputs.map((t) => ['output', t])].filter(([, t]) => this.graph.find(string(t.tensor)) === i);
      if (used.length > 0) sections.push(['Signature ' + string(s.key), used.map(([kind, t]) => [kind, string(t.key)])]);
    }
    return { marks, sections, changes: this.changes(i) };
  }

  /** Returns the facts about a scope that is named like a variable, or is a function. */
  aboutScope(s) {
    const path = this.graph.path(s);
    const v = this.variable(path);
    if (v && s !== 0) return [['Variable', variablePairs(v)]];
    const f = this.graph.parent[s] === s && (this.json.functions ?? []).find((x) => string(x.name) === path);
    if (!f) return [];
    const list = (args) => args.map((a) => `${string(a.name)} ${a.dtype}`).join(', ');
    return [['Function', [['takes', list(f.inputs)], ['returns', list(f.outputs)], ['called by', f.called_by.map(string).join(', ') || 'nothing'], ['gradient', string(f.gradient)]]]];
  }

  /** Returns the numbers of variables and parameters in a scope. The empty path is the whole graph. */
  parametersIn(path) {
    const sum = { variables: 0, parameters: 0 };
    for (const v of this.json.variables ?? []) {
      const name = string(v.name);
      if (path !== '' && name !== path && !name.startsWith(path + '/')) continue;
      sum.variables++;
      sum.parameters += v.parameters ?? 0;
    }
    return sum;
  }
}

function variablePairs(v) {
  return [['kind', v.kind], ['type', `${v.dtype} ${shape(v.shape)}`], ['parameters', v.parameters === null ? 'unknown' : number(v.parameters)],
    ['bytes', v.bytes === null ? 'unknown' : bytes(v.bytes)], ['trainable', v.trainable ? 'yes' : 'no'], ['belongs to', string(v.of)],
    ['initializer', string(v.initializer)], ['initial value', string(v.initial_value)]];
}

/** Returns the node in the place of a problem: "node conv1", "function f, node conv1". */
export function placeNode(graph, place) {
  const found = /^(?:function (.*), )?node (.*)$/.exec(place);
  if (!found) return none;
  if (found[1] === undefined) return graph.find(found[2]);
  const body = graph.findFunction(found[1]);
  return body === none ? none : graph.find(found[2], body);
}

