package rewrite

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// A library is the function library of a graph, indexed by name.
type library struct {
	functions map[string]wire.Function
	gradients map[string][]byte // function to its GradientDef
	custom    map[string][]byte // gradient function to its RegisteredGradient
}

// libraryOf returns the function library of a graph. The error is a *wire.SyntaxError.
func libraryOf(g wire.Graph) (*library, error) {
	l := &library{functions: make(map[string]wire.Function), gradients: make(map[string][]byte), custom: make(map[string][]byte)}
	for f, err := range g.Library() {
		switch {
		case err != nil:
			return nil, err
		case f.Is(fieldnum.FunctionDefLibrary_Function):
			l.functions[wire.Function(f.Data).Name()] = f.Data
		case f.Is(fieldnum.FunctionDefLibrary_Gradient):
			l.gradients[string(wire.Last(f.Data, fieldnum.GradientDef_FunctionName))] = f.Data
		case f.Is(fieldnum.FunctionDefLibrary_RegisteredGradients):
			l.custom[string(f.Data)] = f.Data
		}
	}
	return l, nil
}

// checkFunctions reports the functions that have different definitions in the two graphs.
func (i *importer) checkFunctions() error {
	if !i.into {
		return nil
	}
	base, err := i.base.functions()
	if err != nil || len(base.functions) == 0 {
		return err
	}
	var bodies, gradients []string
	for f, err := range i.in.survey.rest.Library() {
		switch {
		case err != nil:
			return err
		case f.Is(fieldnum.FunctionDefLibrary_Function):
			name := wire.Function(f.Data).Name()
			if other, ok := base.functions[name]; ok && !opdef.SameFunction(other, f.Data) {
				bodies = append(bodies, name)
			}
		case f.Is(fieldnum.FunctionDefLibrary_Gradient):
			name := string(wire.Last(f.Data, fieldnum.GradientDef_FunctionName))
			gradient := wire.Last(f.Data, fieldnum.GradientDef_GradientFunc)
			if other, ok := base.gradients[name]; ok && !bytes.Equal(wire.Last(other, fieldnum.GradientDef_GradientFunc), gradient) {
				gradients = append(gradients, name)
			}
		}
	}
	hint := "functions share one name space and ignore scopes; rebuild one of the graphs with different function names"
	for _, names := range []struct {
		one, many string
		names     []string
	}{
		{"function %s has a different body in the base", "functions have different bodies in the base: %s", bodies},
		{"function %s has a different gradient in the base", "functions have different gradients in the base: %s", gradients},
	} {
		switch len(names.names) {
		case 0:
		case 1:
			i.conflicts.Add(hint, names.one, draft.Quoted(names.names))
		default:
			i.conflicts.Add(hint, names.many, draft.Quoted(names.names))
		}
	}
	return nil
}

// appendLibraries appends the merged function library, if there is one: the base's, followed by the functions that only
// the imported graph has. Functions that are called with new shapes lose their recorded shapes.
func (i *importer) appendLibraries(b *wire.Builder) error {
	base, err := i.base.functions()
	if err != nil {
		return err
	}
	var added wire.Builder
	for f, err := range i.in.survey.rest.Library() {
		switch {
		case err != nil:
			return err
		case f.Is(fieldnum.FunctionDefLibrary_Function):
			name := wire.Function(f.Data).Name()
			if _, ok := base.functions[name]; ok {
				i.report.Shared++
				continue
			}
			i.report.Functions++
			if err := i.rewriter.Function(&added, i.functionField(f, name, true)); err != nil {
				return err
			}
		case f.Is(fieldnum.FunctionDefLibrary_Gradient):
			if _, ok := base.gradients[string(wire.Last(f.Data, fieldnum.GradientDef_FunctionName))]; !ok {
				added.Window(f.Raw)
			}
		case f.Is(fieldnum.FunctionDefLibrary_RegisteredGradients):
			if _, ok := base.custom[string(f.Data)]; !ok {
				added.Window(f.Raw)
			}
		default:
			added.Window(f.Raw)
		}
	}
	old, has := wire.Merged(i.base.survey.rest, fieldnum.GraphDef_Library)
	if added.Size() == 0 && len(i.inputMap.shapeless) == 0 {
		appendFields(b, i.base.survey.rest, fieldnum.GraphDef_Library)
		return nil
	}
	b.Message(fieldnum.GraphDef_Library, func() {
		if has {
			i.appendBaseLibrary(b, old)
		}
		b.Append(added.Build())
	})
	return nil
}

// appendBaseLibrary appends the fields of the base's library.
func (i *importer) appendBaseLibrary(b *wire.Builder, library []byte) {
	if len(i.inputMap.shapeless) == 0 {
		b.Window(library)
		return
	}
	for s := wire.Scan(library); s.Next(); {
		f := s.Field
		if s.Is(fieldnum.FunctionDefLibrary_Function) {
			f = i.functionField(f, wire.Function(f.Data).Name(), false)
		}
		b.Window(f.Raw)
	}
}

// functionField returns a function of the library. It removes the recorded shapes if the function is called with new
// ones. It also changes shared_names if the function belongs to the imported graph.
func (i *importer) functionField(f wire.Field, name string, own bool) wire.Field {
	function := f.Data
	if i.inputMap.shapeless[name] {
		var dropped bool
		if function, dropped = withoutShapes(function); dropped {
			i.report.ShapesDropped++
		}
	}
	if own && len(i.sharedNames) > 0 {
		function, _ = i.withSharedNames(function)
	}
	if bytes.Equal(function, f.Data) {
		return f
	}
	raw := protowire.AppendBytes(protowire.AppendTag(nil, f.Num, protowire.BytesType), function)
	return wire.Field{Num: f.Num, Type: f.Type, Raw: raw, Data: raw[len(raw)-len(function):]}
}
