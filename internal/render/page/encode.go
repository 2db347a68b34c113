package page

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An encoder encodes nodes as the columns of a page, which data.js decodes.
type encoder struct {
	texts  texts
	scopes scopeTree

	scope, leaf []int32 // by node; leaf 0 is a node with the name of its scope
	op, device  column  // texts
	kind        column  // a text: dtype and shape of the first output
	attrs       column  // sets of attrs
	size        column  // bytes in the file
	side        []byte  // kinds of side work
	inputs      column  // number of inputs
	inputCount  int     // total number of inputs
	from        column  // source of each input: distance back to its node, zigzag, plus 1; 0 for a missing node
	port        column  // 0 for a control input, 1 for output 0, ...; a text for a missing node
	colocated   column  // distance back to the node, signed; 0 for none
	sets, pairs column
	setIDs      map[string]int32
	pairIDs     map[string]int32
	setCount    int32
	pairCount   int32
	key, set    []byte
	ids         []int32
	functions   []functionEntry
	change      []byte // for a diff: the change of each node
	inputChange []byte // for a diff: the change of each input
	former      column // for a diff: a text for each node, its name in A if it differs
}

// A functionEntry tells data.js where the body of a function begins.
type functionEntry struct {
	Scope int32 `json:"scope"`
	First int   `json:"first"` // its first node; the graph's nodes precede those of the functions
	Nodes int   `json:"nodes"` // body, arguments and results

	Arguments int `json:"-"` // number of arguments, which come first
}

func newEncoder() *encoder {
	e := &encoder{texts: newTexts(), setIDs: make(map[string]int32), pairIDs: make(map[string]int32)}
	e.scopes = scopeTree{texts: &e.texts, ids: make(map[scopeKey]int32)}
	e.scopes.addRoot(0)
	return e
}

// count returns the number of nodes that were added.
func (e *encoder) count() int { return len(e.scope) }

// addNode adds a node without its inputs. If the node is colocated with a single other node, the attr becomes a reference to the number
// that colocated returns.
func (e *encoder) addNode(n *wire.Node, kind []byte, side byte, colocated func(name []byte) (int, bool)) {
	scope, leaf := e.scopes.place(n.Name)
	i := len(e.scope)
	e.scope = append(e.scope, scope)
	e.leaf = append(e.leaf, e.texts.id(leaf))
	e.op.add(int(e.texts.id(n.Op)))
	e.device.add(int(e.optional(n.Device)))
	e.kind.add(int(e.optional(kind)))
	e.side = append(e.side, side)
	e.size.add(len(n.Raw) + 1 + sizeOfLength(len(n.Raw)))
	with := 0
	e.ids = e.ids[:0]
	for key, value := range n.Attrs {
		if string(key) == "_class" {
			if name := singleGroup(value); name != nil {
				if k, found := colocated(name); found && k != i {
					with = i - k
					continue
				}
			}
		}
		e.ids = append(e.ids, e.pair(key, value))
	}
	e.attrs.add(int(e.setOf(e.ids)))
	e.colocated.addSigned(with)
}

// optional returns the number of a text, or 0 for an empty one.
func (e *encoder) optional(s []byte) int32 {
	if len(s) == 0 {
		return 0
	}
	return e.texts.id(s)
}

// sizeOfLength returns the number of bytes of an encoded length.
func sizeOfLength(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// longValue is the size from which values of attrs are compared in their displayed form instead of their encoded form.
const longValue = 512

// pair returns the number of an attr, which is stored as key and value in the JSON form of show.
func (e *encoder) pair(key, value []byte) int32 {
	e.key = binary.AppendUvarint(e.key[:0], uint64(len(key)))
	e.key = append(e.key, key...)
	long := len(value) >= longValue
	if !long {
		e.key = append(e.key, value...)
		if id, found := e.pairIDs[string(e.key)]; found {
			return id
		}
	}
	parsed := tensor.ParseValue(value)
	start := len(e.pairs)
	e.pairs = append(e.pairs, ",["...)
	e.pairs = render.AppendJSON(e.pairs, key)
	e.pairs = append(e.pairs, ',')
	e.pairs = render.AppendAttr(e.pairs, &parsed)
	e.pairs = append(e.pairs, ']')
	if long {
		e.key = append(append(e.key[:0], 0xff), e.pairs[start:]...)
		if id, found := e.pairIDs[string(e.key)]; found {
			e.pairs = e.pairs[:start]
			return id
		}
	}
	id := e.pairCount
	e.pairIDs[string(e.key)] = id
	e.pairCount++
	return id
}

// setOf returns the number of a set of attrs. It sorts ids.
func (e *encoder) setOf(ids []int32) int32 {
	slices.Sort(ids)
	e.set = binary.AppendUvarint(e.set[:0], uint64(len(ids)))
	for _, id := range ids {
		e.set = binary.AppendUvarint(e.set, uint64(id))
	}
	if id, found := e.setIDs[string(e.set)]; found {
		return id
	}
	id := e.setCount
	e.setIDs[string(e.set)] = id
	e.setCount++
	e.sets = append(e.sets, e.set...)
	return id
}

// singleGroup returns the node in a _class attr if there is exactly one.
func singleGroup(value []byte) []byte {
	v := tensor.ParseValue(value)
	if v.Kind != tensor.ValueList || v.Length != 1 || len(v.List) != 1 || v.List[0].Kind != tensor.ValueString {
		return nil
	}
	if node, ok := bytes.CutPrefix(v.List[0].Text, []byte(wire.GroupPrefix)); ok && len(node) > 0 {
		return node
	}
	return nil
}

// addInput adds an input of node i, which reads output port of node from; port is graph.Control for a control input.
func (e *encoder) addInput(i, from int, port int32) {
	back := i - from
	e.inputCount++
	e.from.add((back<<1 ^ back>>63) + 1) // zigzag, as in addSigned
	e.port.add(int(max(port, graph.Control)) + 1)
}

// addMissing adds an input from a missing node.
func (e *encoder) addMissing(input []byte) {
	e.inputCount++
	e.from.add(0)
	e.port.add(int(e.texts.id(input)))
}

// settle moves each node with the name of a scope into that scope, such as the variable `w` next to `w/read`.
func (e *encoder) settle() {
	for i, scope := range e.scope {
		if id, found := e.scopes.ids[scopeKey{scope, e.leaf[i]}]; found {
			e.scope[i], e.leaf[i] = id, 0
		}
	}
}
