package diff

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// withoutNodes returns the fields of a FunctionDef other than its nodes and its attrs.
func withoutNodes(function wire.Function) []byte {
	return unknownFields(function, messageFields(fieldnum.FunctionDef_NodeDef, fieldnum.FunctionDef_Attr))
}

// attrsOf returns the attrs of a function.
func attrsOf(function wire.Function) []attrEntry {
	var attrs []attrEntry
	for key, value := range wire.MapEntries(function, fieldnum.FunctionDef_Attr) {
		attrs = append(attrs, attrEntry{key, value})
	}
	return sortAttrs(attrs)
}

// compareFunctions compares the functions of the libraries.
func (c *comparison) compareFunctions() error {
	a, b := c.library[0], c.library[1]
	p := &Part{A: len(a.functions), B: len(b.functions)}
	c.report.Functions = p
	whole := c.sel.whole(Functions)
	for i, f := range a.functions {
		j := a.partner[i]
		if j != noPartner {
			if err := c.pairedFunctions(p, i, j); err != nil {
				return err
			}
		} else if whole && c.sel.name(a.names[i]) {
			p.Removed = append(p.Removed, Change{Name: a.names[i], Value: functionText(f)})
		}
	}
	for j, f := range b.functions {
		if b.partner[j] == noPartner && whole && c.sel.name(b.names[j]) {
			p.Added = append(p.Added, Change{Name: b.names[j], Value: functionText(f)})
		}
	}
	if whole {
		p.Fields = c.gradients()
	}
	return nil
}

// pairedFunctions adds the differences between function i of A and function j of B.
func (c *comparison) pairedFunctions(p *Part, i, j int) error {
	a, b := c.library[0].functions[i], c.library[1].functions[j]
	was, now := c.library[0].names[i], c.library[1].names[j]
	if bytes.Equal(a, b) {
		return c.checkFunction(a)
	}
	fields, nodes, err := c.function(a, b)
	if err != nil || !c.sel.name(was, now) {
		return err
	}
	change := Change{Name: was}
	if was != now {
		change.NewName = now
	}
	whole := c.sel.whole(Functions)
	if whole {
		change.Fields = fields
		if was != now && (was == "" || now == "") { // a function without a name cannot be called
			change.Fields = append([]Field{changed("signature.name", printable.Quote(was), printable.Quote(now))}, fields...)
		}
	}
	if !nodes.Empty() {
		change.Nodes = nodes
	}
	switch {
	case len(change.Fields) > 0 || change.Nodes != nil:
		p.Changed = append(p.Changed, change)
	case was != now && whole && (!c.sel.counters || withoutCounters(was) != withoutCounters(now)):
		p.Renamed = append(p.Renamed, change)
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

// functionText returns a short text for a function.
func functionText(f wire.Function) string {
	n := 0
	for _, err := range f.Nodes() {
		if err != nil {
			break
		}
		n++
	}
	return counted(n, "node", "nodes")
}

// function compares two functions, except for their names.
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
	readable := schema.Unmarshal(restA, x) == nil && schema.Unmarshal(restB, y) == nil
	compare := c.newComparer(true)
	if readable {
		compare.renames.locals = renamedArguments(x.GetSignature(), y.GetSignature())
	}
	nodes := c.newNodeReporter(Functions, al, compare).part()
	var fields []Field
	switch {
	case readable:
		fields = c.signature(compare, x, y)
	case !bytes.Equal(restA, restB):
		fields = []Field{changed("signature", bytesText(restA), bytesText(restB))}
	}
	if !c.sel.ignore[Attrs] {
		fields = compare.attrs(fields, attrsOf(a), attrsOf(b), nil, nil)
	}
	return fields, nodes, nil
}

// signature compares the fields of two functions other than nodes and attrs, which x and y do not contain.
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
				if c.sel.ignore[Attrs] || compare.ignoresAttr(key) || c.sel.counters && key == userName && isCounter(arg.Attr[key].GetS()) {
					delete(arg.Attr, key)
				}
			}
		}
	}
	d := messages{renames: compare.renames}
	d.plain("", x.ProtoReflect(), y.ProtoReflect())
	return append(d.fields, fields...)
}

// renamedArguments returns the new names of arguments and results whose names contain the function's name and differ only in it.
// TensorFlow generates such names for loops.
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

// keysOf returns the keys of both maps, sorted.
func keysOf[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// ret compares the ret maps of two functions, from output names to the tensors that they return.
func (c *comparer) ret(path string, a, b map[string]string) []Field {
	var out []Field
	taken := make(map[string]bool)
	for _, key := range keysOf(a, nil) {
		x, now, at := a[key], key, join(path, printable.Quote(key))
		y, inB := b[key]
		if !inB {
			now = c.renames.translate(key)
			y, inB = b[now]
		}
		taken[now] = true
		if !inB {
			out = append(out, removed(at, printable.Quote(x)))
		} else if !c.sameInput([]byte(x), []byte(y)) {
			out = append(out, changed(at, printable.Quote(x), printable.Quote(y)))
		}
	}
	for _, key := range keysOf(b, nil) {
		if !taken[key] {
			out = append(out, added(join(path, printable.Quote(key)), printable.Quote(b[key])))
		}
	}
	return out
}
