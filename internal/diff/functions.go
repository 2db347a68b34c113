package diff

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// A library is the function libraries of both sides, functions paired by name.
type library struct {
	a, b    []wire.Function
	namesA  []string
	namesB  []string
	toB     []int // for each function of A its number in B, alone where there is none
	toA     []int
	other   [2]map[string]string // gradients, by what they belong to
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

// read adds the fields of the library of one side, which may stand in pieces.
func (l *library) read(pieces [][]byte, side int) ([]wire.Function, []string, error) {
	var out []wire.Function
	var names []string
	l.other[side] = make(map[string]string)
	for _, piece := range pieces {
		s := wire.Scan(piece)
		for s.Next() {
			switch {
			case s.Is(wire.LibraryFunction):
				out = append(out, wire.Function(s.Data))
				names = append(names, wire.Function(s.Data).Name())
			case s.Is(wire.LibraryGradient):
				l.other[side]["gradient:"+string(wire.Last(s.Data, 1))] = string(wire.Last(s.Data, 2))
			case s.Is(wire.LibraryRegisteredGradients):
				l.other[side]["registered_gradient:"+string(wire.Last(s.Data, 2))] = string(wire.Last(s.Data, 1))
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

// renameFunctions pairs the functions that are on one side only: those that look the same, and those whose names differ in
// the number at the end only, which TensorFlow counts up from run to run.
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
	c.partFunctions()
}

// partFunctions takes apart the pairs that are neither the same nor called alike.
func (c *comparison) partFunctions() {
	l := c.library
	for range passes {
		parted := false
		for i, j := range l.toB {
			if j == alone || stemOf(l.namesA[i]) == stemOf(l.namesB[j]) {
				continue
			}
			if fields, nodes, err := c.function(l.a[i], l.b[j]); err != nil || len(fields) > 0 || !nodes.Empty() {
				delete(c.renames.functions, l.namesA[i])
				l.toB[i], l.toA[j] = alone, alone
				parted = true
			}
		}
		if !parted {
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

// body returns what a function looks like, names of functions left aside. TensorFlow puts the function's own name into those
// of arguments (while_cond_54___redundant_placeholder0), so that it is left out wherever it stands.
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
	if proto.Unmarshal(withoutNodes(function), def) != nil {
		return h
	}
	if def.Signature != nil {
		def.Signature.Name = ""
		h = mix(h, plain(describe(def.Signature.ProtoReflect())))
	}
	return mix(h, uint64(len(def.GetRet())))
}

// withoutNodes returns the fields of a FunctionDef other than its nodes and its attrs.
func withoutNodes(function wire.Function) []byte {
	return unknownFields(function, messageFields(wire.FunctionNode, wire.FunctionAttr))
}

// compareFunctions compares the functions of the library.
func (c *comparison) compareFunctions() error {
	l := c.library
	p := &Part{A: len(l.a), B: len(l.b)}
	c.report.Functions = p
	whole := c.sel.whole(Functions)
	for i, f := range l.a {
		j, name := l.toB[i], l.namesA[i]
		if j == alone {
			if whole && c.sel.name(name) {
				p.Removed = append(p.Removed, Change{Name: name, Value: functionText(f)})
			}
			continue
		}
		change := Change{Name: name}
		if l.namesB[j] != name {
			change.NewName = l.namesB[j]
		}
		if bytes.Equal(f, l.b[j]) {
			if err := c.checkFunction(f); err != nil {
				return err
			}
			continue
		}
		fields, nodes, err := c.function(f, l.b[j])
		if err != nil {
			return err
		}
		if !c.sel.name(change.Name, change.NewName) {
			continue
		}
		if whole {
			change.Fields = fields
		}
		if !nodes.Empty() {
			change.Nodes = nodes
		}
		switch {
		case len(change.Fields) > 0 || change.Nodes != nil:
			p.Changed = append(p.Changed, change)
		case change.NewName != "" && whole:
			p.Renamed = append(p.Renamed, change)
		}
	}
	for j, f := range l.b {
		if l.toA[j] == alone && whole && c.sel.name(l.namesB[j]) {
			p.Added = append(p.Added, Change{Name: l.namesB[j], Value: functionText(f)})
		}
	}
	if whole {
		p.Fields = c.gradients()
	}
	return nil
}

func (c *comparison) checkFunction(f wire.Function) error {
	for _, err := range f.Nodes() {
		if err != nil {
			return err
		}
	}
	return nil
}

// functionText returns a function in short.
func functionText(f wire.Function) string {
	n := 0
	for _, err := range f.Nodes() {
		if err != nil {
			break
		}
		n++
	}
	return fmt.Sprintf("%d nodes", n)
}

// gradients compares what the library says about gradients.
func (c *comparison) gradients() []Field {
	a, b := c.library.other[0], c.library.other[1]
	keys := make([]string, 0, len(a)+len(b))
	for key := range a {
		keys = append(keys, key)
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	renamed := make(map[string]bool)
	var out []Field
	for _, key := range keys {
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
			out = append(out, added(key, quote(y)))
		case inA && !inB:
			out = append(out, removed(key, quote(x)))
		case inA && x != y && !c.renames.follows(x, y):
			out = append(out, changed(key, quote(x), quote(y)))
		}
	}
	return out
}

// gradientOfRenamed reports whether a key of B is what a key of A has become.
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

// function compares two functions, whose names are left aside.
func (c *comparison) function(a, b wire.Function) ([]Field, *Part, error) {
	nodesA, err := functionNodes(a)
	if err != nil {
		return nil, nil, err
	}
	nodesB, err := functionNodes(b)
	if err != nil {
		return nil, nil, err
	}
	al, err := align(nodesA, nodesB)
	if err != nil {
		return nil, nil, err
	}
	restA, restB := withoutNodes(a), withoutNodes(b)
	x, y := new(tfpb.FunctionDef), new(tfpb.FunctionDef)
	readable := proto.Unmarshal(restA, x) == nil && proto.Unmarshal(restB, y) == nil
	compare := c.newComparer(true)
	if readable {
		compare.renames.locals = renamedArguments(x.GetSignature(), y.GetSignature())
	}
	nodes := c.newNodeTeller(Functions, al, compare).part()
	var fields []Field
	switch {
	case readable:
		fields = c.signature(compare, x, y)
	case !bytes.Equal(restA, restB):
		fields = []Field{changed("signature", bytesText(restA), bytesText(restB))}
	}
	if !c.sel.ignore[Attrs] {
		fields = append(fields, compare.attrMap(mapOf(a, wire.FunctionAttr), mapOf(b, wire.FunctionAttr))...)
	}
	return fields, nodes, nil
}

// signature compares what two functions are beside their nodes and attrs, which the messages are without.
func (c *comparison) signature(compare *comparer, x, y *tfpb.FunctionDef) []Field {
	fields := compare.ret("ret", x.GetRet(), y.GetRet())
	fields = append(fields, compare.ret("control_ret", x.GetControlRet(), y.GetControlRet())...)
	for _, def := range []*tfpb.FunctionDef{x, y} {
		if def.Signature != nil {
			def.Signature.Name = ""
		}
		def.Ret, def.ControlRet = nil, nil
		for _, arg := range def.GetArgAttr() {
			for key := range arg.GetAttr() {
				if c.sel.ignore[Attrs] || compare.ignoresAttr(key) {
					delete(arg.Attr, key)
				}
			}
		}
	}
	d := messages{renames: compare.renames}
	d.plain("", x.ProtoReflect(), y.ProtoReflect())
	return append(d.fields, fields...)
}

// renamedArguments returns the new names of arguments and results that have the name of the function in them and differ in
// it only: TensorFlow makes them so for loops.
func renamedArguments(a, b *tfpb.OpDef) map[string]string {
	out := make(map[string]string)
	if a.GetName() == b.GetName() || a.GetName() == "" {
		return out
	}
	add := func(x, y []*tfpb.OpDef_ArgDef) {
		for i := range min(len(x), len(y)) {
			was, now := x[i].GetName(), y[i].GetName()
			if was != now && strings.ReplaceAll(was, a.GetName(), b.GetName()) == now {
				out[was] = now
			}
		}
	}
	add(a.GetInputArg(), b.GetInputArg())
	add(a.GetOutputArg(), b.GetOutputArg())
	return out
}

// mapOf returns a map from strings to messages of a message.
func mapOf(message []byte, num protowire.Number) map[string][]byte {
	out := make(map[string][]byte)
	for s := wire.Scan(message); s.Next(); {
		if s.Is(num) {
			key, value := wire.MapEntry(s.Data)
			out[string(key)] = value
		}
	}
	return out
}

// attrMap compares two maps of attrs.
func (c *comparer) attrMap(a, b map[string][]byte) []Field {
	var out []Field
	for _, key := range keysOf(a, b) {
		x, inA := a[key]
		y, inB := b[key]
		switch {
		case c.ignoresAttr(key):
		case !inA:
			out = append(out, added(attrPrefix+key, attrBytesText(y)))
		case !inB:
			out = append(out, removed(attrPrefix+key, attrBytesText(x)))
		default:
			if f, same := c.attr(key, x, y); !same {
				out = append(out, f)
			}
		}
	}
	return out
}

// keysOf returns the keys of both maps in order.
func keysOf[V any](a, b map[string]V) []string {
	out := make([]string, 0, len(a)+len(b))
	for key := range a {
		out = append(out, key)
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// ret compares what a function returns: names of its outputs to what they read.
func (c *comparer) ret(path string, a, b map[string]string) []Field {
	var out []Field
	taken := make(map[string]bool)
	for _, key := range keysOf(a, nil) {
		x, now, at := a[key], key, join(path, quote(key))
		y, inB := b[key]
		if !inB {
			now = c.renames.translate(key)
			y, inB = b[now]
		}
		taken[now] = true
		if !inB {
			out = append(out, removed(at, quote(x)))
		} else if !c.sameInput([]byte(x), []byte(y)) {
			out = append(out, changed(at, quote(x), quote(y)))
		}
	}
	for _, key := range keysOf(b, nil) {
		if !taken[key] {
			out = append(out, added(join(path, quote(key)), quote(b[key])))
		}
	}
	return out
}
