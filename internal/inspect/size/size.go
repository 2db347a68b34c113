// Package size measures how the bytes of a file are used.
package size

import (
	"cmp"
	"slices"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A Size reports how the bytes of a file are used. Fields, Scopes, Ops, NodeParts and Functions each cover their total
// exactly. They are sorted by size, the largest first, then by name.
type Size struct {
	Bytes         int64           `json:"bytes"`          // size of the file, and the sum of fields
	Fields        []Part          `json:"fields"`         // by field of the message: "graph_def.node", "collection_def[variables]"
	NodeBytes     int64           `json:"node_bytes"`     // size of all nodes of the graph, and the sum of scopes, of ops and of node_parts
	Depth         int             `json:"depth"`          // depth of the listed scopes
	Scopes        []Part          `json:"scopes"`         // by scope, down to depth; "" for nodes without a scope
	Ops           []Part          `json:"ops"`            // by op
	NodeParts     []Part          `json:"node_parts"`     // by part of the node: "name", "input", "attr[value]"
	FunctionBytes int64           `json:"function_bytes"` // all functions of the library, which is the sum of functions
	Functions     []Part          `json:"functions"`      // by function; count is its number of nodes
	Constants     []ConstantSize  `json:"constants"`      // the largest tensors in attrs of the graph and its functions
	ConstantCount int             `json:"constant_count"` // number of tensors in attrs
	ConstantBytes int64           `json:"constant_bytes"` // total size of these tensors
	Repeated      []RepeatedBytes `json:"repeated"`       // tensors of at least 64 bytes that occur more than once
	RepeatedWaste int64           `json:"repeated_waste"` // bytes of the duplicates of all such tensors, listed or not
	Savers        []SaverSize     `json:"savers"`         // the size of each saver; that of saver_def comes first
}

// A Part is one part of a whole.
type Part struct {
	Name  string  `json:"name"`
	Count int     `json:"count"` // number of items: nodes, entries, attrs
	Bytes int64   `json:"bytes"` // encoded size, including tags and lengths
	Share float64 `json:"share"` // fraction of the file, from 0 to 1
}

// A ConstantSize is one constant: the tensor in an attr of a node.
type ConstantSize struct {
	Node     string       `json:"node"`
	Function string       `json:"function,omitempty"` // the function whose body contains the node
	Attr     string       `json:"attr"`               // nearly always "value"
	DType    string       `json:"dtype"`              // "float32", ...
	Shape    tensor.Shape `json:"shape"`
	Bytes    int64        `json:"bytes"` // size of the TensorProto
	Share    float64      `json:"share"`
}

// RepeatedBytes is a tensor that occurs more than once in the file, byte for byte.
type RepeatedBytes struct {
	DType  string       `json:"dtype"`
	Shape  tensor.Shape `json:"shape"`
	Bytes  int64        `json:"bytes"`  // size of one copy
	Copies int          `json:"copies"` // at least 2
	Waste  int64        `json:"waste"`  // total size of the other copies
	Nodes  []string     `json:"nodes"`  // the first few that hold it, in file order; "node@function" in functions
}

// A SaverSize is the size of one saver: the nodes in the scope that contains its save and restore ops.
type SaverSize struct {
	Scope string  `json:"scope"`  // "" for the top of the graph, of which only the save and restore ops count
	InUse bool    `json:"in_use"` // whether saver_def names nodes in the scope
	Nodes int     `json:"nodes"`
	Bytes int64   `json:"bytes"`
	Share float64 `json:"share"`
}

// Options limits what Measure lists. The zero value lists top-level scopes and ten constants.
type Options struct {
	Depth int   // number of scope levels; 0 means 1, a negative number means all
	Limit int   // the most constants and repeated tensors to list; 0 means 10, a negative number means all
	Total int64 // size of the binary file that contains the MetaGraphDef; 0 if it is the whole file or the file is not binary
}

// defaultLimit is how many constants are listed by default.
const defaultLimit = 10

// elsewhere names the bytes outside the MetaGraphDef, such as the other graphs of a SavedModel.
const elsewhere = "(outside of this MetaGraphDef)"

// Measure returns how the bytes of the file are used. It reads only as much of a tensor as it needs to find
// duplicates. If the bytes are not a MetaGraphDef, the error wraps a *wire.SyntaxError.
func Measure(m *model.Model, o Options) (*Size, error) {
	if o.Depth == 0 {
		o.Depth = 1
	}
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	w := &weigher{graph: m.Meta.Graph(), depth: o.Depth}
	if err := w.weigh(m.Meta); err != nil {
		return nil, err
	}
	size := &Size{Depth: o.Depth, ConstantCount: len(w.tensors)}
	for i := range m.Meta.Fields {
		size.Bytes += m.Meta.Fields[i].Size()
	}
	switch {
	case o.Total > size.Bytes:
		w.fields.addNamed(elsewhere, 1, o.Total-size.Bytes)
		size.Bytes = o.Total
	case o.Total > 0 && o.Total < size.Bytes:
		// The file is a bare GraphDef, which lacks the tag and length of the field graph_def.
		w.fields.addNamed("graph_def", 0, o.Total-size.Bytes)
		size.Bytes = o.Total
	}
	size.Fields = w.fields.sorted(size.Bytes)
	size.Scopes, size.Ops, size.NodeParts = w.scopes.sorted(size.Bytes), w.ops.sorted(size.Bytes), w.parts.sorted(size.Bytes)
	size.NodeBytes = w.nodeBytes
	size.Functions, size.FunctionBytes = w.functions.sorted(size.Bytes), w.functions.total()
	for _, t := range w.tensors {
		size.ConstantBytes += int64(t.length)
	}
	size.Repeated, size.RepeatedWaste = w.repeated(o.Limit)
	size.Constants = w.largest(o.Limit, size.Bytes)
	size.Savers = w.savers(m.Meta, size.Bytes)
	return size, nil
}

// parts collects the parts of a whole.
type parts struct {
	at   map[string]int
	list []Part
	last int // index of the last part found; neighbors often belong to the same part
}

// add adds count items with a total size of bytes to the part called name, which it creates if necessary.
func (p *parts) add(name []byte, count int, bytes int64) {
	if p.last >= len(p.list) || p.list[p.last].Name != string(name) {
		i, known := p.at[string(name)]
		if !known {
			if p.at == nil {
				p.at = make(map[string]int)
			}
			i = len(p.list)
			p.list = append(p.list, Part{Name: string(name)})
			p.at[p.list[i].Name] = i
		}
		p.last = i
	}
	part := &p.list[p.last]
	part.Count += count
	part.Bytes += bytes
}

// addNamed is add for a name that is a string.
func (p *parts) addNamed(name string, count int, bytes int64) { p.add([]byte(name), count, bytes) }

// sorted returns the parts, the largest first, with their shares of all bytes.
func (p *parts) sorted(all int64) []Part {
	out := append([]Part{}, p.list...)
	for i := range out {
		out[i].Share = share(out[i].Bytes, all)
	}
	slices.SortFunc(out, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// total returns the sum of the parts.
func (p *parts) total() int64 {
	var sum int64
	for i := range p.list {
		sum += p.list[i].Bytes
	}
	return sum
}

// share returns bytes as a fraction of all.
func share(bytes, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(bytes) / float64(all)
}
