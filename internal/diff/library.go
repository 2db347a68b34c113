package diff

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A library is the function library of one side.
type library struct {
	functions []wire.Function
	names     []string
	partner   []int             // the number on the other side of each function, or noPartner
	gradients map[string]string // by kind and function, such as "gradient:f"
	unknown   []byte
}

// readLibrary reads a function library, which can be split over several occurrences of its field. No function has a partner yet.
func readLibrary(pieces [][]byte) (*library, error) {
	l := &library{gradients: make(map[string]string)}
	for _, piece := range pieces {
		s := wire.Scan(piece)
		for s.Next() {
			switch {
			case s.Is(fieldnum.FunctionDefLibrary_Function):
				l.functions = append(l.functions, wire.Function(s.Data))
				l.names = append(l.names, wire.Function(s.Data).Name())
				l.partner = append(l.partner, noPartner)
			case s.Is(fieldnum.FunctionDefLibrary_Gradient):
				l.gradients["gradient:"+string(wire.Last(s.Data, fieldnum.GradientDef_FunctionName))] =
					string(wire.Last(s.Data, fieldnum.GradientDef_GradientFunc))
			case s.Is(fieldnum.FunctionDefLibrary_RegisteredGradients):
				l.gradients["registered_gradient:"+string(wire.Last(s.Data, fieldnum.RegisteredGradient_RegisteredOpType))] =
					string(wire.Last(s.Data, fieldnum.RegisteredGradient_GradientFunc))
			default:
				l.unknown = append(l.unknown, s.Raw...)
			}
		}
		if err := s.Err(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// unpaired groups the functions without a partner by a key. Each group is in the natural order of the names.
func (l *library) unpaired(key func(i int) uint64) map[uint64][]int {
	out := make(map[uint64][]int)
	for i, p := range l.partner {
		if p == noPartner {
			k := key(i)
			out[k] = append(out[k], i)
		}
	}
	for _, same := range out {
		slices.SortFunc(same, func(x, y int) int { return compareNatural(l.names[x], l.names[y]) })
	}
	return out
}

// pairByName pairs functions of the same name in order.
func (l *library) pairByName(other *library) {
	at := make(map[string][]int)
	for j, name := range other.names {
		at[name] = append(at[name], j)
	}
	for i, name := range l.names {
		if same := at[name]; len(same) > 0 {
			l.partner[i], other.partner[same[0]] = same[0], i
			at[name] = same[1:]
		}
	}
}

// renameFunctions pairs functions that only one side has. It pairs functions with equal contents, and then functions whose names
// differ only in numbers that TensorFlow increments from run to run.
func (c *comparison) renameFunctions() {
	left := make(map[string]bool)
	for _, l := range c.library {
		for i, p := range l.partner {
			if p == noPartner {
				left[l.names[i]] = true
			}
		}
	}
	if len(left) == 0 {
		return
	}
	seed := maphash.MakeSeed()
	compare := c.newComparer(true)
	var prints [2]*fingerprinter
	for side := range prints {
		prints[side] = newFingerprinter(compare, seed, side)
		prints[side].neutral = left
	}
	stem := func(side, i int) uint64 { return maphash.String(seed, stemOf(c.library[side].names[i])) }
	body := func(side, i int) uint64 {
		return prints[side].body(c.library[side].functions[i], c.library[side].names[i])
	}
	c.pairFunctions(true, func(side, i int) uint64 { return mix(body(side, i), stem(side, i)) })
	c.pairFunctions(false, body)
	c.pairFunctions(true, stem)
	a, b := c.library[0], c.library[1]
	for i, j := range a.partner {
		if j != noPartner && a.names[i] != b.names[j] {
			c.renames.functions[a.names[i]] = b.names[j]
		}
	}
	c.unpairFunctions()
}

// pairFunctions pairs the functions without a partner that have the same key, if there is one on each side. If groups is true, it also
// pairs functions that are equally many on both sides.
func (c *comparison) pairFunctions(groups bool, key func(side, i int) uint64) {
	inA := c.library[0].unpaired(func(i int) uint64 { return key(0, i) })
	inB := c.library[1].unpaired(func(i int) uint64 { return key(1, i) })
	for k, as := range inA {
		bs := inB[k]
		if len(as) != len(bs) || len(as) > 1 && !groups {
			continue
		}
		for n := range as {
			c.library[0].partner[as[n]], c.library[1].partner[bs[n]] = bs[n], as[n]
		}
	}
}

// unpairFunctions removes pairs that have neither equal contents nor similar names.
func (c *comparison) unpairFunctions() {
	a, b := c.library[0], c.library[1]
	for range passes {
		unpaired := false
		for i, j := range a.partner {
			if j == noPartner || stemOf(a.names[i]) == stemOf(b.names[j]) {
				continue
			}
			if fields, nodes, err := c.function(a.functions[i], b.functions[j]); err != nil || len(fields) > 0 || !nodes.Empty() {
				delete(c.renames.functions, a.names[i])
				a.partner[i], b.partner[j] = noPartner, noPartner
				unpaired = true
			}
		}
		if !unpaired {
			return
		}
	}
}

// stemOf returns a function's name without the numbers that make it unique.
func stemOf(name string) string {
	for {
		cut := strings.TrimRight(name, "0123456789")
		if len(cut) == len(name) || !strings.HasSuffix(cut, "_") {
			return name
		}
		name = strings.TrimSuffix(cut, "_")
	}
}

// body returns a hash of the contents of a function without function names. TensorFlow derives names of arguments from the name of
// the function (while_cond_54___redundant_placeholder0), so body removes it everywhere.
func (f *fingerprinter) body(function wire.Function, name string) uint64 {
	plain := func(s string) uint64 {
		if name != "" {
			s = strings.ReplaceAll(s, name, "")
		}
		return maphash.String(f.seed, s)
	}
	var h uint64
	for node, err := range function.Nodes() {
		if err != nil {
			return 0
		}
		h += mix(plain(string(node.Name)), f.of(node.Raw))
	}
	def := new(tfpb.FunctionDef)
	if schema.Unmarshal(withoutNodes(function), def) != nil {
		return h
	}
	if def.Signature != nil {
		def.Signature.Name = ""
		h = mix(h, plain(describe(def.Signature.ProtoReflect())))
	}
	return mix(h, uint64(len(def.GetRet())))
}

// gradients compares the gradients in the libraries.
func (c *comparison) gradients() []Field {
	a, b := c.library[0].gradients, c.library[1].gradients
	now := func(key string) string { // the key in B of a gradient of A
		kind, of, _ := strings.Cut(key, ":")
		return kind + ":" + c.renames.translate(of)
	}
	renamed := make(map[string]bool)
	for key := range a {
		if _, inB := b[key]; !inB {
			renamed[now(key)] = true
		}
	}
	var out []Field
	for _, key := range keysOf(a, b) {
		x, inA := a[key]
		y, inB := b[key]
		if inA && !inB {
			y, inB = b[now(key)]
		}
		switch {
		case !inA && !renamed[key]:
			out = append(out, added(key, printable.Quote(y)))
		case inA && !inB:
			out = append(out, removed(key, printable.Quote(x)))
		case inA && x != y && !c.renames.follows(x, y):
			out = append(out, changed(key, printable.Quote(x), printable.Quote(y)))
		}
	}
	return out
}
