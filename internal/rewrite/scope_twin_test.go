package rewrite_test

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// A twin applies a plan of package scope to decoded messages in the plainest way. It is the oracle of the tests in
// scope_test.go.
type twin struct {
	keep  func(node string) bool
	node  func(node string) string // the new name of a node
	frame func(name string) string // the new name of a scope, context or frame
	input func(input string) (string, bool)
	prune bool
}

// exportTwin is the twin of an export of a scope.
func exportTwin(at string) twin {
	under := func(name string) bool { return strings.HasPrefix(name, at+"/") }
	strip := func(name string) string { return strings.TrimPrefix(name, at+"/") }
	t := twin{keep: under, node: strip, frame: strip}
	t.input = func(input string) (string, bool) {
		mark, rest := "", input
		if strings.HasPrefix(input, "^") {
			mark, rest = "^", input[1:]
		}
		if under(rest) {
			return mark + strip(rest), false
		}
		return mark + "$unbound_inputs_" + rest, true
	}
	return t
}

// importTwin is the twin of an import under a scope.
func importTwin(at string) twin {
	prepend := func(name string) string { return at + "/" + name }
	t := twin{keep: func(string) bool { return true }, node: prepend, frame: prepend}
	t.input = func(input string) (string, bool) {
		if strings.HasPrefix(input, "^") {
			return "^" + prepend(input[1:]), false
		}
		return prepend(input), false
	}
	return t
}

func split(name string) (node, port string) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// name changes the name of a node or tensor in place.
func (t twin) name(names ...*string) {
	for _, p := range names {
		if *p != "" {
			node, port := split(*p)
			*p = t.node(node) + port
		}
	}
}

func (t twin) keeps(name string) bool {
	node, _ := split(name)
	return t.keep(node)
}

// nodes changes the nodes of a graph and returns the unbound inputs.
func (t twin) nodes(g *tfpb.GraphDef) []string {
	var unbound []string
	g.Node = slices.DeleteFunc(g.Node, func(n *tfpb.NodeDef) bool { return !t.keep(n.Name) })
	for _, n := range g.Node {
		n.Name = t.node(n.Name)
		for i, input := range n.Input {
			to, outside := t.input(input)
			same := func(listed string) bool { return strings.TrimSuffix(listed, ":0") == strings.TrimSuffix(to, ":0") }
			if outside && !slices.ContainsFunc(unbound, same) {
				unbound = append(unbound, to)
			}
			n.Input[i] = to
		}
		if class := n.Attr["_class"].GetList(); class != nil {
			var groups [][]byte
			for _, s := range class.S {
				if node, ok := strings.CutPrefix(string(s), "loc:@"); !ok {
					groups = append(groups, s)
				} else if t.keep(node) {
					groups = append(groups, []byte("loc:@"+t.node(node)))
				}
			}
			class.S = groups
		}
		if frame := n.Attr["frame_name"]; frame != nil && n.Op == "Enter" {
			frame.Value = &tfpb.AttrValue_S{S: []byte(t.frame(string(frame.GetS())))}
		}
	}
	if info := g.DebugInfo; info != nil {
		traces := make(map[string]*tfpb.GraphDebugInfo_StackTrace)
		for key, trace := range info.Traces {
			if node, function, _ := strings.Cut(key, "@"); function != "" {
				traces[key] = trace
			} else if t.keep(node) {
				traces[t.node(node)+"@"] = trace
			}
		}
		info.Traces = traces
	}
	return unbound
}

// collections changes the collections of a graph.
func (t twin) collections(m *tfpb.MetaGraphDef) {
	for key, c := range m.CollectionDef {
		switch {
		case c.GetNodeList() != nil:
			list := c.GetNodeList()
			list.Value = slices.DeleteFunc(list.Value, func(s string) bool { return !t.keeps(s) })
			for i := range list.Value {
				t.name(&list.Value[i])
			}
			if len(list.Value) == 0 {
				delete(m.CollectionDef, key)
			}
		case c.GetBytesList() != nil && key != "hparams":
			list := c.GetBytesList()
			var kept [][]byte
			for _, raw := range list.Value {
				if changed := t.entry(key, raw); changed != nil {
					kept = append(kept, changed)
				}
			}
			if list.Value = kept; len(kept) == 0 {
				delete(m.CollectionDef, key)
			}
		}
	}
}

// entry changes a registered proto. It returns nil if the proto is removed.
func (t twin) entry(key string, raw []byte) []byte {
	var message proto.Message
	keep := true
	switch key {
	case "variables":
		v := new(tfpb.VariableDef)
		must(proto.Unmarshal(raw, v))
		keep = t.keeps(v.VariableName)
		if t.prune && !t.keeps(v.InitialValueName) {
			v.InitialValueName = ""
		}
		t.name(&v.VariableName, &v.InitialValueName, &v.InitializerName, &v.SnapshotName)
		if s := v.SaveSliceInfoDef; s != nil {
			s.FullName = t.frame(s.FullName)
		}
		message = v
	case "savers":
		s := new(tfpb.SaverDef)
		must(proto.Unmarshal(raw, s))
		keep = t.saver(s)
		message = s
	case "queue_runners":
		q := new(tfpb.QueueRunnerDef)
		must(proto.Unmarshal(raw, q))
		keep = t.keeps(q.QueueName)
		t.name(&q.QueueName, &q.CloseOpName, &q.CancelOpName)
		for i := range q.EnqueueOpName {
			t.name(&q.EnqueueOpName[i])
		}
		message = q
	case "cond_context":
		c := new(tfpb.CondContextDef)
		must(proto.Unmarshal(raw, c))
		keep = t.keeps(c.ContextName) // here a scope name
		t.cond(c)
		message = c
	case "while_context":
		c := new(tfpb.WhileContextDef)
		must(proto.Unmarshal(raw, c))
		keep = t.keeps(c.ContextName)
		t.while(c)
		message = c
	}
	if !keep {
		return nil
	}
	return marshal(message)
}

// saver changes a SaverDef. It reports whether the SaverDef is kept.
func (t twin) saver(s *tfpb.SaverDef) bool {
	keep := t.keeps(s.FilenameTensorName) && t.keeps(s.SaveTensorName) && t.keeps(s.RestoreOpName)
	t.name(&s.FilenameTensorName, &s.SaveTensorName, &s.RestoreOpName)
	return keep
}

func (t twin) cond(c *tfpb.CondContextDef) {
	c.ContextName = t.frame(c.ContextName)
	t.name(&c.PredName, &c.PivotName)
	t.values(c.ValuesDef)
	c.NestedContexts = t.nested(c.NestedContexts)
}

func (t twin) while(c *tfpb.WhileContextDef) {
	c.ContextName = t.frame(c.ContextName)
	t.name(&c.PivotName, &c.PivotForPredName, &c.PivotForBodyName, &c.MaximumIterationsName)
	c.LoopExitNames, c.LoopEnterNames = t.list(c.LoopExitNames), t.list(c.LoopEnterNames)
	t.values(c.ValuesDef)
	c.NestedContexts = t.nested(c.NestedContexts)
}

func (t twin) list(names []string) []string {
	var out []string
	for _, name := range names {
		if !t.prune || t.keeps(name) {
			t.name(&name)
			out = append(out, name)
		}
	}
	return out
}

func (t twin) values(v *tfpb.ValuesDef) {
	v.Values = t.list(v.Values)
	external := make(map[string]string)
	for key, value := range v.ExternalValues {
		if !t.prune || t.keeps(key) && t.keeps(value) {
			t.name(&key, &value)
			external[key] = value
		}
	}
	v.ExternalValues = external
}

// nested changes nested contexts. It removes contexts that are outside the scope or have no pivot.
func (t twin) nested(contexts []*tfpb.ControlFlowContextDef) []*tfpb.ControlFlowContextDef {
	var out []*tfpb.ControlFlowContextDef
	for _, c := range contexts {
		w := c.GetWhileCtxt() // the only kind that the grower creates
		if t.prune && (!t.keeps(w.ContextName) || w.PivotName != "" && !t.keeps(w.PivotName)) {
			continue
		}
		t.while(w)
		out = append(out, c)
	}
	return out
}

// tensorInfo changes a TensorInfo. It reports whether all its tensors are kept.
func (t twin) tensorInfo(info *tfpb.TensorInfo) bool {
	switch e := info.Encoding.(type) {
	case *tfpb.TensorInfo_Name:
		keep := t.keeps(e.Name)
		t.name(&e.Name)
		return keep
	case *tfpb.TensorInfo_CooSparse_:
		c := e.CooSparse
		keep := t.keeps(c.ValuesTensorName) && t.keeps(c.IndicesTensorName) && t.keeps(c.DenseShapeTensorName)
		t.name(&c.ValuesTensorName, &c.IndicesTensorName, &c.DenseShapeTensorName)
		return keep
	}
	return true
}

// rest changes everything outside the graph and the collections.
func (t twin) rest(m *tfpb.MetaGraphDef) {
	if m.SaverDef != nil && !t.saver(m.SaverDef) {
		m.SaverDef = nil
	}
	for key, s := range m.SignatureDef {
		keep := true
		for _, infos := range []map[string]*tfpb.TensorInfo{s.Inputs, s.Outputs} {
			for _, info := range infos {
				keep = t.tensorInfo(info) && keep
			}
		}
		if !keep {
			delete(m.SignatureDef, key)
		}
	}
	all := true
	m.AssetFileDef = slices.DeleteFunc(m.AssetFileDef, func(a *tfpb.AssetFileDef) bool {
		keep := t.tensorInfo(a.TensorInfo)
		all = all && keep
		return !keep
	})
	if m.ObjectGraphDef != nil {
		constant := m.ObjectGraphDef.Nodes[0].GetConstant()
		all = all && t.keep(constant.Operation)
		t.name(&constant.Operation)
		if !all {
			m.ObjectGraphDef = nil
		}
	}
}

// twinExport returns the expected result of Export for m.
func twinExport(m *tfpb.MetaGraphDef, at string, clearDevices bool) *tfpb.MetaGraphDef {
	m = proto.CloneOf(m)
	t := exportTwin(at)
	for _, n := range m.GraphDef.Node {
		for _, input := range n.Input {
			if _, outside := t.input(input); outside && t.keep(n.Name) {
				goto unbound // the import maps these names, so they are not pruned
			}
		}
	}
	t.prune = true
unbound:
	unbound := t.nodes(m.GraphDef)
	t.collections(m)
	t.rest(m)
	if len(unbound) > 0 {
		var list [][]byte
		for _, input := range unbound {
			list = append(list, []byte(input))
		}
		m.CollectionDef["unbound_inputs"] = &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: list}}}
	}
	used := make(map[string]bool)
	eachNode(m, func(n *tfpb.NodeDef) {
		used[n.Op] = true
		if clearDevices {
			n.Device = ""
		}
	})
	list := m.MetaInfoDef.StrippedOpList
	list.Op = slices.DeleteFunc(list.Op, func(op *tfpb.OpDef) bool { return !used[op.Name] })
	return m
}

// eachNode calls use with each node of the graph and of function bodies.
func eachNode(m *tfpb.MetaGraphDef, use func(*tfpb.NodeDef)) {
	for _, n := range m.GraphDef.Node {
		use(n)
	}
	for _, f := range m.GraphDef.Library.GetFunction() {
		for _, n := range f.NodeDef {
			use(n)
		}
	}
}

// twinRename returns the expected result of Import for m without a base.
func twinRename(m *tfpb.MetaGraphDef, at string, clearDevices bool) *tfpb.MetaGraphDef {
	m = proto.CloneOf(m)
	t := importTwin(at)
	t.nodes(m.GraphDef)
	t.collections(m)
	t.rest(m)
	if clearDevices {
		eachNode(m, func(n *tfpb.NodeDef) { n.Device = "" })
	}
	return m
}

// twinMerge returns the expected result of Import for m and base, if no names collide.
func twinMerge(m, base *tfpb.MetaGraphDef, at string) *tfpb.MetaGraphDef {
	m, out := twinRename(m, at, false), proto.CloneOf(base)
	out.GraphDef.Node = append(out.GraphDef.Node, m.GraphDef.Node...)
	for _, f := range m.GraphDef.Library.Function {
		if !slices.ContainsFunc(out.GraphDef.Library.Function, func(b *tfpb.FunctionDef) bool { return b.Signature.Name == f.Signature.Name }) {
			out.GraphDef.Library.Function = append(out.GraphDef.Library.Function, f)
		}
	}
	v, w := out.GraphDef.Versions, m.GraphDef.Versions
	v.Producer, v.MinConsumer = min(v.Producer, w.Producer), max(v.MinConsumer, w.MinConsumer)
	for _, bad := range w.BadConsumers {
		if !slices.Contains(v.BadConsumers, bad) {
			v.BadConsumers = append(v.BadConsumers, bad)
		}
	}
	if info := m.GraphDef.DebugInfo; info != nil {
		if out.GraphDef.DebugInfo == nil {
			out.GraphDef.DebugInfo = new(tfpb.GraphDebugInfo)
		}
		for _, trace := range info.Traces {
			for _, f := range trace.FileLineCols {
				f.FileIndex = proto.Int32(f.GetFileIndex() + int32(len(out.GraphDef.DebugInfo.Files)))
			}
		}
		proto.Merge(out.GraphDef.DebugInfo, info)
	}
	for key, c := range m.CollectionDef {
		if out.CollectionDef[key] == nil {
			out.CollectionDef[key] = c
		} else {
			proto.Merge(out.CollectionDef[key], c)
		}
	}
	if out.SaverDef == nil {
		out.SaverDef = m.SaverDef
	}
	if out.SignatureDef == nil {
		out.SignatureDef = make(map[string]*tfpb.SignatureDef)
	}
	for key, s := range m.SignatureDef {
		if out.SignatureDef[key] != nil {
			key += "_1"
		}
		out.SignatureDef[key] = s
	}
	if out.ObjectGraphDef == nil && m.ObjectGraphDef != nil {
		out.ObjectGraphDef = m.ObjectGraphDef
		out.ObjectGraphDef.Nodes[1].GetAsset().AssetFileDefIndex += int32(len(out.AssetFileDef))
	}
	out.AssetFileDef = append(out.AssetFileDef, m.AssetFileDef...)
	return out
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
