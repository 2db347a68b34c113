package saver

import (
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// cpu is the device of a saver, whose ops have no other kernels.
const cpu = "/device:CPU:0"

// A writer adds the nodes of a saver to a graph.
type writer struct {
	g     *draft.Graph
	scope string
	keep  func(i int) bool
	made  []int
	count map[string]int // number of nodes with each name
}

// write adds a saver for the entries to g. It keeps as many checkpoints as the old one, whose SaverDef may be empty. Its nodes are in the
// scope under, or in a numbered variant if a node for which keep is true uses that scope. It returns the SaverDef and the numbers of the
// new nodes. Names and order match TensorFlow 2.21.
func write(g *draft.Graph, entries []entry, old []byte, under string, keep func(i int) bool) (saverDef []byte, nodes []int) {
	w := &writer{g: g, keep: keep, count: make(map[string]int)}
	w.scope = w.freeScope(under)
	filename := w.filename()
	saved := w.save(filename, entries)
	restore := w.restore(filename, entries)
	b := protowire.AppendString(protowire.AppendTag(nil, fieldnum.SaverDef_FilenameTensorName, protowire.BytesType), filename+":0")
	b = protowire.AppendString(protowire.AppendTag(b, fieldnum.SaverDef_SaveTensorName, protowire.BytesType), saved+":0")
	b = protowire.AppendString(protowire.AppendTag(b, fieldnum.SaverDef_RestoreOpName, protowire.BytesType), restore)
	if len(old) == 0 {
		b = protowire.AppendVarint(protowire.AppendTag(b, fieldnum.SaverDef_MaxToKeep, protowire.VarintType), 5)
		b = protowire.AppendFixed32(protowire.AppendTag(b, fieldnum.SaverDef_KeepCheckpointEveryNHours, protowire.Fixed32Type), math.Float32bits(10000))
	}
	for s := wire.Scan(old); s.Next(); {
		if s.Num == fieldnum.SaverDef_MaxToKeep || s.Num == fieldnum.SaverDef_KeepCheckpointEveryNHours {
			b = append(b, s.Raw...)
		}
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, fieldnum.SaverDef_Version, protowire.VarintType), 2) // the format V2
	return b, w.made
}

// freeScope returns a scope that no kept node uses, neither as its scope nor as its name.
func (w *writer) freeScope(under string) string {
	used := make(map[string]bool)
	for i := range w.g.Len() {
		if !w.keep(i) {
			continue
		}
		rest, ok := strings.CutPrefix(w.g.Name(i), under)
		if !ok {
			continue
		}
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			rest = rest[:slash]
		}
		used[rest] = true
	}
	suffix := ""
	for k := 1; used[suffix]; k++ {
		suffix = "_" + strconv.Itoa(k)
	}
	return under + suffix
}

// add adds a node in the saver's scope and returns its name. The second node with a name becomes NAME_1.
func (w *writer) add(name, op, device string, inputs []string, attrs map[string]*wire.Rope) string {
	full := w.scope + "/" + name
	if k := w.count[name]; k > 0 {
		full += "_" + strconv.Itoa(k)
	}
	w.count[name]++
	w.made = append(w.made, w.g.Add(w.g.Files(), draft.Node(full, op, device, inputs, attrs)))
	return full
}

// filename adds the nodes for the path of the checkpoint.
func (w *writer) filename() string {
	attrs := map[string]*wire.Rope{"dtype": draft.TypeAttr(tensor.String), "shape": draft.ShapeAttr(nil)}
	input := w.add("filename/input", "Const", "", nil, map[string]*wire.Rope{"dtype": draft.TypeAttr(tensor.String),
		"value": draft.TensorAttr(draft.StringTensor(tensor.Shape{}, []byte("model")))})
	name := w.add("filename", "PlaceholderWithDefault", "", []string{input}, attrs)
	return w.add("Const", "PlaceholderWithDefault", "", []string{name}, attrs)
}

// names adds the constants with the keys and slices.
func (w *writer) names(op string, entries []entry) (names, slices string) {
	keys, specs := make([][]byte, len(entries)), make([][]byte, len(entries))
	for i, e := range entries {
		keys[i], specs[i] = []byte(e.key), []byte(e.spec)
	}
	list := func(name string, values [][]byte) string {
		return w.add(op+"/"+name, "Const", cpu, nil, map[string]*wire.Rope{"dtype": draft.TypeAttr(tensor.String),
			"value": draft.TensorAttr(draft.StringTensor(tensor.Shape{int64(len(values))}, values...))})
	}
	return list("tensor_names", keys), list("shape_and_slices", specs)
}

// dtypes returns the attr with the dtypes of the entries.
func dtypes(entries []entry) *wire.Rope {
	types := make([]int32, len(entries))
	for i, e := range entries {
		types[i] = e.dtype
	}
	return draft.TypeListAttr(types)
}

// save adds the nodes that save.
func (w *writer) save(filename string, entries []entry) string {
	names, slices := w.names("SaveV2", entries)
	inputs := []string{filename, names, slices}
	exported := make(map[int]string)
	for _, e := range entries {
		inputs = append(inputs, w.value(e, exported))
	}
	save := w.add("SaveV2", "SaveV2", cpu, inputs, map[string]*wire.Rope{"dtypes": dtypes(entries)})
	return w.add("control_dependency", "Identity", "", []string{filename, "^" + save}, map[string]*wire.Rope{
		"T": draft.TypeAttr(tensor.String), "_class": draft.StringsAttr(wire.GroupPrefix + filename)})
}

// value returns the tensor that holds the value of a variable or table.
func (w *writer) value(e entry, exported map[int]string) string {
	var n wire.Node
	w.g.Node(e.node, &n)
	name := string(n.Name)
	switch {
	case opdef.IsMutableTable(string(n.Op)):
		export := exported[e.node]
		if export == "" {
			export = w.add("lookup_table_export_values/"+tableOp("LookupTableExport", n.Op), tableOp("LookupTableExport", n.Op), "", []string{name}, map[string]*wire.Rope{
				"Tkeys": draft.TypeAttr(tensor.AttrType(&n, "key_dtype")), "Tvalues": draft.TypeAttr(tensor.AttrType(&n, "value_dtype"))})
			exported[e.node] = export
		}
		if strings.HasSuffix(e.key, valuesSuffix) {
			return export + ":1"
		}
		return export
	case string(n.Op) != "VarHandleOp":
		return name
	}
	read := name + "/Read/ReadVariableOp"
	if i, ok := w.g.Original([]byte(read)); ok && w.keep(i) {
		return read
	}
	return w.add("ReadVariableOp", "ReadVariableOp", string(n.Device), []string{name}, map[string]*wire.Rope{"dtype": draft.TypeAttr(e.dtype)})
}

// valuesSuffix is the suffix of the key for a table's values (MutableHashTable._Saveable in tensorflow/python/ops/lookup_ops.py).
const valuesSuffix = "-values"

// tableOp returns the variant of a table op that matches the version of the table's op.
func tableOp(op string, table []byte) string {
	if strings.HasSuffix(string(table), "V2") {
		return op + "V2"
	}
	return op
}

// restore adds the nodes that restore.
func (w *writer) restore(filename string, entries []entry) string {
	names, slices := w.names("RestoreV2", entries)
	restore := w.add("RestoreV2", "RestoreV2", cpu, []string{filename, names, slices}, map[string]*wire.Rope{"dtypes": dtypes(entries)})
	var all []string
	keys := make(map[int]string) // restored keys of each table
	for k, e := range entries {
		value := restore
		if k > 0 {
			value += ":" + strconv.Itoa(k)
		}
		var n wire.Node
		w.g.Node(e.node, &n)
		if opdef.IsMutableTable(string(n.Op)) {
			if other, ok := keys[e.node]; ok {
				fill := ImportTable(&n, other, value)
				all = append(all, "^"+w.add(fill.Op, fill.Op, "", fill.Inputs, fill.Attrs))
			}
			keys[e.node] = value
			continue
		}
		all = append(all, "^"+w.assign(e, &n, value))
	}
	return w.add("restore_all", "NoOp", "", all, nil)
}

// ImportTable returns a node that fills a table from two tensors, its keys and its values. The node has no name yet.
func ImportTable(table *wire.Node, keys, values string) *scope.NewNode {
	return draft.Node("", tableOp("LookupTableImport", table.Op), "", []string{string(table.Name), keys, values}, map[string]*wire.Rope{
		"Tin": draft.TypeAttr(tensor.AttrType(table, "key_dtype")), "Tout": draft.TypeAttr(tensor.AttrType(table, "value_dtype"))})
}

// assign adds the nodes that set the value of a variable.
func (w *writer) assign(e entry, n *wire.Node, value string) string {
	if e.reshape != nil {
		value = w.reshape(e, value)
	}
	dtype := draft.TypeAttr(e.dtype)
	if string(n.Op) == "VarHandleOp" {
		value = w.add("Identity", "Identity", "", []string{value}, map[string]*wire.Rope{"T": dtype})
		return w.add("AssignVariableOp", "AssignVariableOp", "", []string{string(n.Name), value}, map[string]*wire.Rope{"dtype": dtype})
	}
	_, known := opdef.VariableShape(n).Elements() // a variable of unknown shape takes that of its value
	return w.add("Assign", "Assign", "", []string{string(n.Name), value}, map[string]*wire.Rope{"T": dtype, "use_locking": draft.BoolAttr(true),
		"validate_shape": draft.BoolAttr(known), "_class": draft.StringsAttr(wire.GroupPrefix + string(n.Name))})
}

// reshape adds the nodes that reshape a restored tensor to the shape of its variable.
func (w *writer) reshape(e entry, value string) string {
	dims := make([]byte, 0, 4*len(e.reshape))
	for _, dim := range e.reshape {
		dims = append(dims, byte(dim), byte(dim>>8), byte(dim>>16), byte(dim>>24))
	}
	shape := w.add("Reshape/shape", "Const", "", nil, map[string]*wire.Rope{"dtype": draft.TypeAttr(tensor.Int32),
		"value": draft.TensorAttr(draft.TensorContent(tensor.Int32, tensor.Shape{int64(len(e.reshape))}, [][]byte{dims}))})
	return w.add("Reshape", "Reshape", "", []string{value, shape}, map[string]*wire.Rope{"T": draft.TypeAttr(e.dtype), "Tshape": draft.TypeAttr(tensor.Int32)})
}
