package render

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/inspect"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
)

// CollectionList returns the section collections, with a row for each entry. The raw value of a proto is its name.
func CollectionList(collections []inspect.Collection) View {
	g := grid{empty: "no collections", columns: []column{{name: "collection", group: true, key: true}, {name: "kind", group: true, spare: true},
		{name: "entry"}, {name: "meaning", prose: true}}}
	g.fill(tableRows, collectionRows(collections))
	return View{
		Tables: []grid{g},
		Values: onePart(func(yield func(string, error) bool) {
			for _, c := range collections {
				for e := range c.Entries {
					if !yield(entryValue(c.Kind, e), nil) {
						return
					}
				}
			}
		}),
		fields: []member{{"collections", each(collections, newJSONCollection)}},
	}
}

// collectionRows returns a row for each entry of a collection, or a single row if it is empty.
func collectionRows(collections []inspect.Collection) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, c := range collections {
			kind := collectionKind(c)
			if c.Count == 0 && !yield([]string{c.Key, kind, "", "empty"}, nil) {
				return
			}
			for e := range c.Entries {
				name := entryName(c.Kind, e)
				if name == "" {
					name = `""`
				}
				if !yield([]string{c.Key, kind, name, entryMeaning(c.Kind, e)}, nil) {
					return
				}
			}
		}
	}
}

// collectionKind returns the kind of a collection and the type of its entries.
func collectionKind(c inspect.Collection) string {
	if c.Type != "" {
		return string(c.Kind) + " of " + strings.TrimPrefix(c.Type, "tensorflow.")
	}
	return string(c.Kind)
}

// entryValue returns an entry for --raw.
func entryValue(kind scope.CollectionKind, e *inspect.Entry) string {
	if saver, ok := e.Message.(*tfpb.SaverDef); ok {
		return strings.Join([]string{saver.GetFilenameTensorName(), saver.GetSaveTensorName(), saver.GetRestoreOpName()}, "\t")
	}
	return entryName(kind, e)
}

// entryName returns the name of an entry, or its value if it has no name.
func entryName(kind scope.CollectionKind, e *inspect.Entry) string {
	switch {
	case kind == scope.Int64List:
		return strconv.FormatInt(e.Int, 10)
	case kind == scope.FloatList:
		return strconv.FormatFloat(float64(e.Float), 'g', -1, 32)
	case e.Message != nil && e.Text == "":
		return protoText(e.Message)
	}
	return e.Text
}

// entryMeaning describes an entry.
func entryMeaning(kind scope.CollectionKind, e *inspect.Entry) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch m := e.Message.(type) {
	case *tfpb.VariableDef:
		if e.DType != "" {
			say("%s %s", e.DType, e.Shape)
		}
		if m.GetTrainable() {
			say("trainable")
		}
		if m.GetIsResource() {
			say("resource")
		}
		if slice := m.GetSaveSliceInfoDef(); slice != nil {
			say("slice of %s at %v", slice.GetFullName(), slice.GetVarOffset())
		}
	case *tfpb.QueueRunnerDef:
		if e.Node != "" {
			say("%s", e.Node)
		}
		say("%s: %s", Count(len(m.GetEnqueueOpName()), "enqueue op"), strings.Join(atMost(m.GetEnqueueOpName(), 3), ", "))
	case *tfpb.CondContextDef:
		// CondContext.branch is 1 if the predicate is true and 0 if it is false (tensorflow/python/ops/control_flow_ops.py).
		say("%t branch of %s", m.GetBranch() == 1, m.GetPredName())
		say("%s", Count(len(m.GetValuesDef().GetValues()), "value"))
		parts = append(parts, nestedContexts(m.GetNestedContexts())...)
	case *tfpb.WhileContextDef:
		say("%s", Count(len(m.GetLoopExitNames()), "loop variable"))
		say("%s", Count(len(m.GetValuesDef().GetValues()), "value"))
		say("%d iterations in parallel", m.GetParallelIterations())
		parts = append(parts, nestedContexts(m.GetNestedContexts())...)
	case *tfpb.SaverDef:
		say("%s, save %s, file name %s", m.GetVersion(), m.GetSaveTensorName(), m.GetFilenameTensorName())
	case *tfpb.AssetFileDef:
		say("path in %s", m.GetTensorInfo().GetName())
	case nil:
		switch {
		case kind == scope.AnyList && e.Broken:
			say("cannot be decoded as Any")
		case e.Broken:
			say("cannot be decoded as its type")
		case e.TypeURL != "":
			say("%s, a type that is not known here", e.TypeURL)
		case e.DType != "":
			say("%s %s", e.DType, e.Shape)
		}
		if e.Node != "" {
			say("%s", e.Node)
		}
	default:
		say("%s", m.ProtoReflect().Descriptor().Name())
	}
	if e.Absent {
		say("not in the graph")
	}
	return strings.Join(parts, ", ")
}

func nestedContexts(contexts []*tfpb.ControlFlowContextDef) []string {
	if len(contexts) == 0 {
		return nil
	}
	return []string{Count(len(contexts), "context") + " in it"}
}

// protoText returns a message on one line, for people.
func protoText(m proto.Message) string { return string(protoJSON{m}.AppendJSON(nil)) }

// jsonCollection is the JSON form of a collection. Its entries are strings, numbers or messages.
type jsonCollection struct {
	Key     string               `json:"key"`
	Kind    scope.CollectionKind `json:"kind"`           // node_list, bytes_list, int64_list, float_list or any_list; empty without a list
	Type    string               `json:"type,omitempty"` // message type of the entries, if the key is registered
	Count   int                  `json:"count"`          // number of entries
	Entries iter.Seq[any]        `json:"entries"`        // strings, numbers or messages, in file order
}

// jsonAny is the JSON form of an entry of an any_list. Value is the message, or its bytes if the type is unknown.
type jsonAny struct {
	TypeURL string `json:"type_url"`
	Value   any    `json:"value"`
}

func newJSONCollection(c *inspect.Collection) any {
	return jsonCollection{c.Key, c.Kind, c.Type, c.Count, func(yield func(any) bool) {
		for e := range c.Entries {
			if !yield(jsonEntry(c.Kind, e)) {
				return
			}
		}
	}}
}

// jsonEntry returns the JSON form of an entry.
func jsonEntry(kind scope.CollectionKind, e *inspect.Entry) any {
	var value any = e.Text
	if e.Message != nil {
		value = protoJSON{e.Message}
	}
	switch {
	case kind == scope.Int64List:
		value = e.Int
	case kind == scope.FloatList:
		value = e.Float
	case kind == scope.AnyList && !e.Broken:
		value = jsonAny{e.TypeURL, value}
	}
	return value
}
