// Package size measures what the bytes of a file are spent on.
package size

import (
	"cmp"
	"slices"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A Size says where the bytes of a file are. Fields, Scopes, Ops, NodeParts and Functions are partitions: they add up to the byte.
// They are sorted by bytes, the most first, then by name.
type Size struct {
	Bytes         int64           `json:"bytes"`          // the whole file: what Fields add up to
	Fields        []Part          `json:"fields"`         // by field of the message: "graph_def.node", "collection_def[variables]"
	NodeBytes     int64           `json:"node_bytes"`     // all nodes of the graph: what Scopes, Ops and NodeParts add up to
	Depth         int             `json:"depth"`          // of the scopes
	Scopes        []Part          `json:"scopes"`         // by the first Depth parts of the nodes' scopes; "" for nodes in none
	Ops           []Part          `json:"ops"`            // by op
	NodeParts     []Part          `json:"node_parts"`     // by what stands in the nodes: "name", "input", "attr[value]"
	FunctionBytes int64           `json:"function_bytes"` // all functions of the library: what Functions add up to
	Functions     []Part          `json:"functions"`      // by function; Count is the number of its nodes
	Constants     []ConstantSize  `json:"constants"`      // the largest tensors in attrs, of the graph and of functions
	ConstantCount int             `json:"constant_count"` // how many tensors in attrs there are
	ConstantBytes int64           `json:"constant_bytes"` // and what they take together
	Repeated      []RepeatedBytes `json:"repeated"`       // tensors of 64 bytes and more that stand there more than once
	RepeatedWaste int64           `json:"repeated_waste"` // the bytes of all copies but one of all those, listed or not
	Savers        []SaverSize     `json:"savers"`         // what each saver costs, that of saver_def first
}

// A Part is one part of a whole.
type Part struct {
	Name  string  `json:"name"`
	Count int     `json:"count"` // how many such things: nodes, entries, attrs
	Bytes int64   `json:"bytes"` // as it stands in the file, tags and lengths included
	Share float64 `json:"share"` // of the file, 0 to 1
}

// A ConstantSize is one constant: the tensor in an attr of a node.
type ConstantSize struct {
	Node     string       `json:"node"`
	Function string       `json:"function,omitempty"` // in whose body the node stands
	Attr     string       `json:"attr"`               // nearly always "value"
	DType    string       `json:"dtype"`              // "float32", ...
	Shape    tensor.Shape `json:"shape"`
	Bytes    int64        `json:"bytes"` // of the TensorProto
	Share    float64      `json:"share"`
}

// RepeatedBytes is a tensor of which the file holds several copies, byte for byte the same.
type RepeatedBytes struct {
	DType  string       `json:"dtype"`
	Shape  tensor.Shape `json:"shape"`
	Bytes  int64        `json:"bytes"`  // of one copy
	Copies int          `json:"copies"` // at least 2
	Waste  int64        `json:"waste"`  // of all copies but one
	Nodes  []string     `json:"nodes"`  // the first few that hold it, in file order; "node@function" in functions
}

// A SaverSize is what one saver costs: the nodes of the scope in which its save and restore ops stand.
type SaverSize struct {
	Scope string  `json:"scope"`  // "" for the top of the graph, of which only the save and restore ops count
	InUse bool    `json:"in_use"` // whether saver_def names nodes in it
	Nodes int     `json:"nodes"`
	Bytes int64   `json:"bytes"`
	Share float64 `json:"share"`
}

// Options says how much to list. Its zero value lists scopes one deep and ten constants.
type Options struct {
	Depth int   // how many parts of a scope count; 0 is 1, a negative one all
	Limit int   // the most constants, and the most repeated tensors, to list; 0 is 10, a negative one all
	Total int64 // bytes of the binary file that the MetaGraph is in; 0 where it is the whole, or where the file is no binary one
}

// defaultLimit is how many constants are listed where nobody says how many.
const defaultLimit = 10

// elsewhere is the part that is no part of the MetaGraphDef: the other graphs of a SavedModel.
const elsewhere = "(outside of this MetaGraphDef)"

// Measure returns where the bytes of the file are. Of constants no more is read than it takes to tell two of one size apart. The
// error, for bytes that are no MetaGraphDef, wraps a *wire.SyntaxError.
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
		w.fields.add(elsewhere, 1, o.Total-size.Bytes)
		size.Bytes = o.Total
	case o.Total > 0 && o.Total < size.Bytes:
		// The file is a bare GraphDef, without the tag and the length that it would have in a MetaGraphDef.
		w.fields.add("graph_def", 0, o.Total-size.Bytes)
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

// parts counts the parts of a whole.
type parts struct {
	at   map[string]int
	list []Part
	last int // where the last one was found: like stands by like
}

// add adds count things of some bytes to the part called name.
func (p *parts) add(name string, count int, bytes int64) {
	part := p.part([]byte(name))
	part.Count += count
	part.Bytes += bytes
}

// part returns the part called name, a new one where there is none. It is good until the next call.
func (p *parts) part(name []byte) *Part {
	if p.last < len(p.list) && p.list[p.last].Name == string(name) {
		return &p.list[p.last]
	}
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
	return &p.list[i]
}

// sorted returns the parts of a file of all bytes, the largest first.
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

// total returns what the parts add up to.
func (p *parts) total() int64 {
	var sum int64
	for i := range p.list {
		sum += p.list[i].Bytes
	}
	return sum
}

// share returns which share of all bytes some are.
func share(bytes, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(bytes) / float64(all)
}
