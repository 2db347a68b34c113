package inspect

// A Size says where the bytes of a file are. Every list is sorted by bytes, the most first, then by name, and each list
// that claims to be a partition adds up exactly.
type Size struct {
	Bytes     int64           `json:"bytes"`      // the whole file in binary form: what Fields add up to
	Fields    []SizePart      `json:"fields"`     // by field of the message; "graph_def.node", "collection_def[variables]", ...; adds up to Bytes
	NodeBytes int64           `json:"node_bytes"` // all nodes of the graph: what Scopes, Ops and NodeParts add up to
	Scopes    []SizePart      `json:"scopes"`     // by the first Depth parts of the node's name
	Ops       []SizePart      `json:"ops"`        // by op
	NodeParts []SizePart      `json:"node_parts"` // by what stands in the nodes: "name", "op", "input", "attr[value]", "attr[_output_shapes]", ...
	Constants []ConstantSize  `json:"constants"`  // the largest constants, of the graph and of functions
	Repeated  []RepeatedBytes `json:"repeated"`   // tensors that stand there more than once
	Waste     int64           `json:"waste"`      // the bytes of all copies but one of every repeated tensor
	Savers    []SaverSize     `json:"savers"`     // what each save/restore scope costs, the one of saver_def first
}

// A SizePart is one part of a whole.
type SizePart struct {
	Name  string  `json:"name"`
	Count int     `json:"count"` // how many such things: nodes, entries, attrs
	Bytes int64   `json:"bytes"` // on the wire, tags and lengths included
	Share float64 `json:"share"` // of the file, 0 to 1
}

// A ConstantSize is one constant: the tensor in an attr of a node.
type ConstantSize struct {
	Node     string  `json:"node"`               // node name
	Function string  `json:"function,omitempty"` // the function in whose body the node stands
	Attr     string  `json:"attr"`               // nearly always "value"
	DType    string  `json:"dtype"`              // "float32", ...
	Shape    []int64 `json:"shape"`              // null where it is unknown
	Bytes    int64   `json:"bytes"`              // of the TensorProto
	Share    float64 `json:"share"`
}

// RepeatedBytes is a tensor of which the file holds several copies.
type RepeatedBytes struct {
	DType  string   `json:"dtype"`
	Shape  []int64  `json:"shape"`
	Bytes  int64    `json:"bytes"`  // of one copy
	Copies int      `json:"copies"` // at least 2
	Waste  int64    `json:"waste"`  // (Copies - 1) * Bytes
	Nodes  []string `json:"nodes"`  // the first few that hold it, in file order
}

// A SaverSize is what one saver costs: the nodes of the scope in which its save and restore ops stand.
type SaverSize struct {
	Scope  string  `json:"scope"`  // "" for the top of the graph
	InFile bool    `json:"in_use"` // whether saver_def names this one
	Nodes  int     `json:"nodes"`
	Bytes  int64   `json:"bytes"`
	Share  float64 `json:"share"`
}

// SizeOptions says how much to list. Its zero value lists scopes one deep and ten constants.
type SizeOptions struct {
	Depth int   // parts of a node's name that make up its scope; 0 is 1
	Limit int   // the most constants, and the most repeated tensors, to list; 0 is 10, less is all
	Total int64 // size of the message that the MetaGraph is part of (a SavedModel); 0 where it is the whole
}

// Sizes returns where the bytes of the file are. Large constants are read only where another has the same size. The error,
// for bytes that are no MetaGraphDef, wraps a *wire.SyntaxError.
func Sizes(m *Model, o SizeOptions) (*Size, error) {
	return &Size{}, nil
}
