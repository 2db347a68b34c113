package size

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"sort"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A tensorAt is the location of one tensor in an attr. It is small, because a graph can have a million constants.
type tensorAt struct {
	at       uint32 // offset of its TensorProto in the graph
	length   uint32
	node     int32 // number of the node in the graph or in the function's body
	function int32 // number of the function, or inGraph
}

// addTensor records a tensor.
func (w *weigher) addTensor(encoded []byte, node, function int) {
	at, ok := wire.Offset(w.graph, encoded)
	if !ok {
		return // an attr split into two fields was copied
	}
	w.tensors = append(w.tensors, tensorAt{uint32(at), uint32(len(encoded)), int32(node), int32(function)})
}

// bytes returns the TensorProto.
func (t *tensorAt) bytes(graph wire.Graph) []byte { return graph[t.at : int(t.at)+int(t.length)] }

// largest returns the largest tensors, at most limit of them. A negative limit means all.
func (w *weigher) largest(limit int, all int64) []ConstantSize {
	slices.SortStableFunc(w.tensors, func(a, b tensorAt) int { return cmp.Compare(b.length, a.length) })
	tensors := w.tensors
	if limit >= 0 && len(tensors) > limit {
		tensors = tensors[:limit]
	}
	owners := w.owners(tensors)
	out := make([]ConstantSize, 0, len(tensors))
	for i := range tensors {
		raw := tensors[i].bytes(w.graph)
		dtype, shape := tensorType(raw)
		c := ConstantSize{Node: owners[i].node, Attr: owners[i].attr, DType: dtype, Shape: shape,
			Bytes: int64(len(raw)), Share: share(int64(len(raw)), all)}
		if f := tensors[i].function; f != inGraph {
			c.Function = w.inFile[f]
		}
		out = append(out, c)
	}
	return out
}

// tensorType returns the dtype and shape of a TensorProto without reading its values.
func tensorType(encoded []byte) (string, tensor.Shape) {
	shape, _ := wire.Merged(encoded, fieldnum.TensorProto_TensorShape)
	return tensor.DTypeName(int32(wire.LastUint(encoded, fieldnum.TensorProto_Dtype))), tensor.ParseShape(shape)
}

// An owner is the node and attr that contain a tensor.
type owner struct{ node, attr string }

// owners returns the owner of each tensor. It walks the graph again, because only node numbers were kept.
func (w *weigher) owners(tensors []tensorAt) []owner {
	out := make([]owner, len(tensors))
	byPlace := make([]int, len(tensors)) // indexes in tensors, in file order
	for i := range byPlace {
		byPlace[i] = i
	}
	slices.SortFunc(byPlace, func(a, b int) int { return cmp.Compare(tensors[a].at, tensors[b].at) })
	look := func(node []byte) {
		start, _ := wire.Offset(w.graph, node)
		for len(byPlace) > 0 && int(tensors[byPlace[0]].at) < start+len(node) {
			i := byPlace[0]
			byPlace = byPlace[1:]
			out[i] = ownerIn(node, tensors[i].bytes(w.graph))
		}
	}
	for s := wire.Scan(w.graph); s.Next() && len(byPlace) > 0; {
		switch {
		case s.Is(fieldnum.GraphDef_Node):
			look(s.Data)
		case s.Is(fieldnum.GraphDef_Library):
			for function := range wire.All(s.Data, fieldnum.FunctionDefLibrary_Function) {
				for node := range wire.All(function, fieldnum.FunctionDef_NodeDef) {
					look(node)
				}
			}
		}
	}
	return out
}

// ownerIn returns the owner of a tensor in a NodeDef.
func ownerIn(node, encoded []byte) owner {
	o := owner{node: string(wire.Last(node, fieldnum.NodeDef_Name))}
	for entry := range wire.All(node, fieldnum.NodeDef_Attr) {
		if at, ok := wire.Offset(entry, encoded); ok && at < len(entry) {
			key, _ := wire.MapEntry(entry)
			o.attr = string(key)
		}
	}
	return o
}

const (
	// minRepeated is the smallest size in bytes at which a repeated tensor is reported.
	minRepeated = 64
	// namedCopies is how many nodes are named for each repeated tensor.
	namedCopies = 5
)

// repeated returns the tensors that occur more than once, those that waste most first, and what all of them waste. It
// returns at most limit tensors; a negative limit means all.
func (w *weigher) repeated(limit int) ([]RepeatedBytes, int64) {
	candidates := make([]tensorAt, 0, len(w.tensors))
	for _, t := range w.tensors {
		if t.length >= minRepeated {
			candidates = append(candidates, t)
		}
	}
	slices.SortFunc(candidates, func(a, b tensorAt) int {
		return cmp.Or(cmp.Compare(b.length, a.length), cmp.Compare(a.at, b.at))
	})
	var groups [][]tensorAt
	for len(candidates) > 0 {
		n := 1
		for n < len(candidates) && candidates[n].length == candidates[0].length {
			n++
		}
		groups = append(groups, w.equal(candidates[:n])...)
		candidates = candidates[n:]
	}
	slices.SortStableFunc(groups, func(a, b []tensorAt) int { return cmp.Compare(waste(b), waste(a)) })
	var sum int64
	for _, g := range groups {
		sum += waste(g)
	}
	if limit >= 0 && len(groups) > limit {
		groups = groups[:limit]
	}
	out := make([]RepeatedBytes, 0, len(groups))
	for _, g := range groups {
		dtype, shape := tensorType(g[0].bytes(w.graph))
		r := RepeatedBytes{DType: dtype, Shape: shape, Bytes: int64(g[0].length), Copies: len(g), Waste: waste(g)}
		named := g[:min(len(g), namedCopies)]
		for i, o := range w.owners(named) {
			if f := named[i].function; f != inGraph {
				o.node += "@" + w.inFile[f]
			}
			r.Nodes = append(r.Nodes, o.node)
		}
		out = append(out, r)
	}
	return out, sum
}

// waste returns the total size of a group's tensors except one.
func waste(group []tensorAt) int64 { return int64(len(group)-1) * int64(group[0].length) }

// equal returns the groups of two or more identical tensors among tensors of one length. It reads a tensor in full
// only if its beginning and end match those of another.
func (w *weigher) equal(tensors []tensorAt) [][]tensorAt {
	if len(tensors) < 2 {
		return nil
	}
	seed := maphash.MakeSeed()
	var groups [][]tensorAt
	for _, alike := range split(tensors, func(t *tensorAt) uint64 { return tensor.Sample(seed, t.bytes(w.graph)) }) {
		for _, same := range split(alike, func(t *tensorAt) uint64 { return maphash.Bytes(seed, t.bytes(w.graph)) }) {
			// Hashes can collide.
			first := same[0].bytes(w.graph)
			group := same[:1:1]
			for i := 1; i < len(same); i++ {
				if bytes.Equal(first, same[i].bytes(w.graph)) {
					group = append(group, same[i])
				}
			}
			if len(group) > 1 {
				groups = append(groups, group)
			}
		}
	}
	return groups
}

// split returns the groups of two or more tensors with the same key, in the order of their first tensors.
func split(tensors []tensorAt, key func(*tensorAt) uint64) [][]tensorAt {
	at := make(map[uint64]int, len(tensors))
	var groups [][]tensorAt
	for i := range tensors {
		k := key(&tensors[i])
		g, known := at[k]
		if !known {
			g = len(groups)
			at[k] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], tensors[i])
	}
	return slices.DeleteFunc(groups, func(g []tensorAt) bool { return len(g) < 2 })
}

// savers returns the sizes of the savers. Save and restore ops at the top level belong to no saver unless saver_def names one of them:
// init_from_checkpoint, for example, leaves restore ops there.
func (w *weigher) savers(m *wire.MetaGraph, all int64) []SaverSize {
	scopes := outermost(w.saverOps)
	out := make([]SaverSize, len(scopes))
	for i, scope := range scopes {
		out[i].Scope = strings.TrimSuffix(scope, "/")
	}
	saver, _ := m.Message(fieldnum.MetaGraphDef_SaverDef)
	for _, num := range []protowire.Number{fieldnum.SaverDef_FilenameTensorName, fieldnum.SaverDef_SaveTensorName, fieldnum.SaverDef_RestoreOpName} {
		if name := wire.Last(saver, num); len(name) > 0 {
			if i, ok := findScope(scopes, name); ok {
				out[i].InUse = true
			}
		}
	}
	for s := wire.Scan(w.graph); s.Next(); {
		if !s.Is(fieldnum.GraphDef_Node) {
			continue
		}
		i, ok := findScope(scopes, wire.Last(s.Data, fieldnum.NodeDef_Name))
		if ok && (scopes[i] != "" || opdef.IsSaverOp(string(wire.Last(s.Data, fieldnum.NodeDef_Op)))) {
			out[i].Nodes++
			out[i].Bytes += int64(len(s.Raw))
		}
	}
	out = slices.DeleteFunc(out, func(s SaverSize) bool { return s.Scope == "" && !s.InUse })
	for i := range out {
		out[i].Share = share(out[i].Bytes, all)
	}
	slices.SortStableFunc(out, func(a, b SaverSize) int {
		if a.InUse != b.InUse {
			if a.InUse {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Bytes, a.Bytes)
	})
	return out
}

// outermost returns the scopes that are in no other one, sorted, each with a "/" at the end. The empty scope, which contains only
// names without a scope, stays empty.
func outermost(scopes map[string]bool) []string {
	sorted := make([]string, 0, len(scopes))
	for scope := range scopes {
		if scope != "" {
			scope += "/"
		}
		sorted = append(sorted, scope)
	}
	slices.Sort(sorted)
	kept := sorted[:0]
	for _, scope := range sorted {
		if n := len(kept); n == 0 || kept[n-1] == "" || !strings.HasPrefix(scope, kept[n-1]) {
			kept = append(kept, scope)
		}
	}
	return kept
}

// findScope returns the index of the scope that contains name in a list from outermost.
func findScope(scopes []string, name []byte) (int, bool) {
	if bytes.IndexByte(name, '/') < 0 {
		return 0, len(scopes) > 0 && scopes[0] == ""
	}
	// A scope sorts before the names in it. No other scope can sort between them, as it would be in that scope.
	i := sort.Search(len(scopes), func(i int) bool { return scopes[i] > string(name) }) - 1
	if i < 0 || scopes[i] == "" || len(name) < len(scopes[i]) {
		return 0, false
	}
	return i, string(name[:len(scopes[i])]) == scopes[i]
}
