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

// A library holds the function libraries of both sides, with functions paired by name.
type library struct {
	a, b    []wire.Function
	namesA  []string
	namesB  []string
	toB     []int // the number in B of each function of A, or alone
	toA     []int
	other   [2]map[string]string // gradients, by function
	unknown [2][]byte
}

// readLibraries reads the function libraries and pairs the functions by name.
func readLibraries(a, b [][]byte) (*library, error) {
	l := new(library)
	var err error
	if l.a, l.namesA, err = l.read(a, 0); err != nil {
		return nil, err
	}
	if l.b, l.namesB, err = l.read(b, 1); err != nil {
		return nil, err
	}
	l.toB, l.toA = make([]int, len(l.a)), make([]int, len(l.b))
	at := make(map[string][]int)
	for j, name := range l.namesB {
		at[name] = append(at[name], j)
		l.toA[j] = alone
	}
	for i, name := range l.namesA {
		l.toB[i] = alone
		if same := at[name]; len(same) > 0 {
			l.toB[i], l.toA[same[0]] = same[0], i
			at[name] = same[1:]
		}
	}
	return l, nil
}

// read adds the fields of one side's library. The library can be split over several occurrences of its field.
func (l *library) read(pieces [][]byte, side int) ([]wire.Function, []string, error) {
	var out []wire.Function
	var names []string
	l.other[side] = make(map[string]string)
	for _, piece := range pieces {
		s := wire.Scan(piece)
		for s.Next() {
			switch {
			case s.Is(fieldnum.FunctionDefLibrary_Function):
				out = append(out, wire.Function(s.Data))
				names = append(names, wire.Function(s.Data).Name())
			case s.Is(fieldnum.FunctionDefLibrary_Gradient):
				l.other[side]["gradient:"+string(wire.Last(s.Data, fieldnum.GradientDef_FunctionName))] =
					string(wire.Last(s.Data, fieldnum.GradientDef_GradientFunc))
			case s.Is(fieldnum.FunctionDefLibrary_RegisteredGradients):
				l.other[side]["registered_gradient:"+string(wire.Last(s.Data, fieldnum.RegisteredGradient_RegisteredOpType))] =
					string(wire.Last(s.Data, fieldnum.RegisteredGradient_GradientFunc))
			default:
				l.unknown[side] = append(l.unknown[side], s.Raw...)
			}
		}
		if err := s.Err(); err != nil {
			return nil, nil, err
		}
	}
	return out, names, nil
}

// renameFunctions pairs functions that only one side has. It pairs functions with equal contents, and then functions whose names
// differ only in numbers that TensorFlow increments from run to run.
func (c *comparison) renameFunctions() {
	l := c.library
	seed := maphash.MakeSeed()
	left := make(map[string]bool)
	for i, j := range l.toB {
		if j == alone {
			left[l.namesA[i]] = true
		}
	}
	for j, i := range l.toA {
		if i == alone {
			left[l.namesB[j]] = true
		}
	}
	if len(left) == 0 {
		return
	}
	compare := c.newComparer(true)
	group := func(functions []wire.Function, names []string, partner []int, key func(i int) uint64) map[uint64][]int {
		out := make(map[uint64][]int)
		for i := range functions {
			if partner[i] == alone {
				k := key(i)
				out[k] = append(out[k], i)
			}
		}
		for _, same := range out {
			slices.SortFunc(same, func(x, y int) int { return compareNatural(names[x], names[y]) })
		}
		return out
	}
	match := func(keyA, keyB func(i int) uint64, groups bool) {
		inA := group(l.a, l.namesA, l.toB, keyA)
		inB := group(l.b, l.namesB, l.toA, keyB)
		for k, as := range inA {
			bs := inB[k]
			if len(as) != len(bs) || len(as) > 1 && !groups {
				continue
			}
			for n := range as {
				l.toB[as[n]], l.toA[bs[n]] = bs[n], as[n]
			}
		}
	}
	looks := func(functions []wire.Function, names []string, side int, stem bool) func(i int) uint64 {
		f := newFingerprinter(compare, seed, side)
		f.neutral = left
		return func(i int) uint64 {
			h := f.body(functions[i], names[i])
			if stem {
				h = mix(h, maphash.String(seed, stemOf(names[i])))
			}
			return h
		}
	}
	for _, stem := range []bool{true, false} {
		match(looks(l.a, l.namesA, 0, stem), looks(l.b, l.namesB, 1, stem), stem)
	}
	byStem := func(names []string) func(i int) uint64 {
		return func(i int) uint64 { return maphash.String(seed, stemOf(names[i])) }
	}
	match(byStem(l.namesA), byStem(l.namesB), true)
	for i, j := range l.toB {
		if j != alone && l.namesA[i] != l.namesB[j] {
			c.renames.functions[l.namesA[i]] = l.namesB[j]
		}
	}
	c.unpairFunctions()
}

// unpairFunctions removes pairs that have neither equal contents nor similar names.
func (c *comparison) unpairFunctions() {
	l := c.library
	for range passes {
		unpaired := false
		for i, j := range l.toB {
			if j == alone || stemOf(l.namesA[i]) == stemOf(l.namesB[j]) {
				continue
			}
			if fields, nodes, err := c.function(l.a[i], l.b[j]); err != nil || len(fields) > 0 || !nodes.Empty() {
				delete(c.renames.functions, l.namesA[i])
				l.toB[i], l.toA[j] = alone, alone
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
	a, b := c.library.other[0], c.library.other[1]
	renamed := make(map[string]bool)
	var out []Field
	for _, key := range keysOf(a, b) {
		x, inA := a[key]
		y, inB := b[key]
		if inA && !inB {
			kind, of, _ := strings.Cut(key, ":")
			if now := kind + ":" + c.renames.translate(of); now != key {
				if y, inB = b[now]; inB {
					renamed[now] = true
				}
			}
		}
		switch {
		case !inA && renamed[key]:
		case !inA && !c.gradientOfRenamed(key):
			out = append(out, added(key, printable.Quote(y)))
		case inA && !inB:
			out = append(out, removed(key, printable.Quote(x)))
		case inA && x != y && !c.renames.follows(x, y):
			out = append(out, changed(key, printable.Quote(x), printable.Quote(y)))
		}
	}
	return out
}

// gradientOfRenamed reports whether a key of B is a renamed key of A.
func (c *comparison) gradientOfRenamed(key string) bool {
	kind, of, _ := strings.Cut(key, ":")
	for was, now := range c.renames.functions {
		if now == of {
			if _, ok := c.library.other[0][kind+":"+was]; ok {
				return true
			}
		}
	}
	return false
}
