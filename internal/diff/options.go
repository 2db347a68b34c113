package diff

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// Options selects what to compare. The zero value compares everything.
type Options struct {
	Ignore []string // parts, node aspects and rules (see Selectable) to ignore
	Only   []string // parts and node aspects to compare; empty for all
	Names  []string // globs for the names of nodes, functions, collections, ... to compare; empty for all
	// Registry has the types of collection entries; nil means the types that TensorFlow registers.
	Registry *scope.Registry
	// Endpoints finds the inputs and outputs of a graph; nil omits the part "io". Compare calls it only if the files differ.
	Endpoints func(*wire.MetaGraph) ([]Endpoint, error)
	GraphOnly bool // one side is a GraphDef: compare only what it has
}

// The aspects and rules that Ignore and Only accept in addition to the names of the parts.
const (
	Devices        = "devices"         // the devices of nodes
	Inputs         = "inputs"          // the inputs of nodes
	Attrs          = "attrs"           // the attrs of nodes
	attrPrefix     = "attr:"           // attr:GLOB: the attrs with matching names
	DeviceSpelling = "device-spelling" // Ignore only: /gpu:0 equals /device:GPU:0
	DefaultAttrs   = "default-attrs"   // Ignore only: an absent attr equals one with its op's default value
	Counters       = "counters"        // Ignore only: numbers that TensorFlow increments from run to run are equal
)

// aliases are other spellings of the words of a selection.
var aliases = map[string]string{
	"node": Nodes, "function": Functions, "collection": Collections, "variable": Variables, "savers": Saver,
	"saver_def": Saver, "signature": Signatures, "asset": Assets, "version": Versions, "op": Ops, "op-list": Ops,
	"op_list": Ops, "stripped_op_list": Ops, "meta-info": Info, "meta_info": Info, "object-graph": ObjectGraph,
	"object_graph_def": ObjectGraph, "debug-info": DebugInfo, "device": Devices, "input": Inputs, "attr": Attrs,
	"attributes": Attrs, "device_spelling": DeviceSpelling, "default_attrs": DefaultAttrs,
	"inputs-outputs": IO, "inputs_outputs": IO, "counter": Counters,
}

// Selectable returns the words that Options.Only accepts, for messages and completion.
func Selectable() []string {
	var out []string
	for _, p := range new(Report).parts() {
		out = append(out, p.name)
	}
	return append(out, Devices, Inputs, Attrs, attrPrefix+"NAME")
}

// Ignorable returns the words that Options.Ignore accepts: those of Selectable, and the rules.
func Ignorable() []string { return append(Selectable(), rules()...) }

// rules returns the words that only Options.Ignore accepts.
func rules() []string { return []string{DeviceSpelling, DefaultAttrs, Counters} }

// graphParts are the parts that can be compared if one side is a GraphDef.
var graphParts = []string{IO, Variables, Checkpoint, Nodes, Functions, Versions, DebugInfo, Unknown}

// A selection is the parsed form of Options.
type selection struct {
	ignore, only   map[string]bool
	ignoreAttrs    []match.Glob
	onlyAttrs      []match.Glob
	names          []match.Glob
	aspectsOnly    bool // Options.Only has node aspects but no part that has nodes
	deviceSpelling bool
	defaultAttrs   bool
	counters       bool
}

// Check validates the options. It returns an error for an unknown part, an invalid pattern, or a selection that is empty.
func (o Options) Check() error {
	_, err := o.read()
	return err
}

// Selects reports whether Only names the given part.
func (o Options) Selects(part string) bool {
	s, err := o.read()
	return err == nil && s.only[part]
}

func (o Options) read() (*selection, error) {
	s := &selection{ignore: make(map[string]bool), only: make(map[string]bool)}
	var err error
	if s.ignoreAttrs, err = readWords(o.Ignore, s.ignore); err != nil {
		return nil, err
	}
	if s.onlyAttrs, err = readWords(o.Only, s.only); err != nil {
		return nil, err
	}
	for _, rule := range rules() {
		if s.only[rule] {
			return nil, fmt.Errorf("%q can be ignored, but cannot be all that is compared", rule)
		}
	}
	s.deviceSpelling, s.defaultAttrs, s.counters = s.ignore[DeviceSpelling], s.ignore[DefaultAttrs], s.ignore[Counters]
	s.aspectsOnly = s.only[Devices] || s.only[Inputs] || s.only[Attrs] || len(s.onlyAttrs) > 0
	if s.empty() {
		return nil, errors.New("nothing is left to compare: everything selected is ignored")
	}
	if o.GraphOnly && !slices.ContainsFunc(graphParts, s.part) {
		return nil, errors.New("nothing is left to compare: a GraphDef does not have the selected parts")
	}
	for _, pattern := range o.Names {
		if pattern == "" {
			return nil, errors.New("the name pattern is empty")
		}
		glob, err := match.ParseGlob(pattern)
		if err != nil {
			return nil, err
		}
		s.names = append(s.names, glob)
	}
	return s, nil
}

// An UnknownPartError reports a word in Options that is neither a part nor an aspect.
type UnknownPartError struct{ Part string }

func (e *UnknownPartError) Error() string { return fmt.Sprintf("unknown part %q", e.Part) }

// readWords sets the known words of a selection and returns the patterns for attrs. A word may be a comma-separated list.
func readWords(words []string, known map[string]bool) ([]match.Glob, error) {
	var globs []match.Glob
	for _, list := range words {
		for word := range strings.SplitSeq(list, ",") {
			word = strings.TrimSpace(word)
			if pattern, ok := strings.CutPrefix(word, attrPrefix); ok && pattern != "" {
				glob, err := match.ParseGlob(pattern)
				if err != nil {
					return nil, err
				}
				globs = append(globs, glob)
				continue
			}
			if full, ok := aliases[word]; ok {
				word = full
			}
			if !slices.Contains(Ignorable(), word) {
				return nil, &UnknownPartError{word}
			}
			known[word] = true
		}
	}
	return globs, nil
}

// part reports whether a part is selected. Selecting a node aspect also selects nodes and functions.
func (s *selection) part(name string) bool {
	if s.ignore[name] {
		return false
	}
	if len(s.only) == 0 && len(s.onlyAttrs) == 0 || s.only[name] {
		return true
	}
	return s.aspectsOnly && (name == Nodes || name == Functions)
}

// whole reports whether additions and removals in a part count, and not only an aspect of its nodes.
func (s *selection) whole(part string) bool {
	return s.part(part) && (!s.aspectsOnly || s.only[part])
}

// empty reports whether nothing is selected.
func (s *selection) empty() bool {
	for _, p := range new(Report).parts() {
		if s.whole(p.name) {
			return false
		}
	}
	if s.ignore[Nodes] && s.ignore[Functions] {
		return true
	}
	for _, aspect := range []string{Devices, Inputs, Attrs} {
		if s.only[aspect] && !s.ignore[aspect] {
			return false
		}
	}
	return len(s.onlyAttrs) == 0 || s.ignore[Attrs]
}

// field reports whether a field of a node in the given part is selected. The field of an attr is "attr:NAME".
func (s *selection) field(part, field string) bool {
	aspect, attr := field, ""
	switch {
	case field == "device":
		aspect = Devices
	case strings.HasPrefix(field, "input") || field == "control_inputs":
		aspect = Inputs
	case strings.HasPrefix(field, attrPrefix):
		aspect, attr = Attrs, field[len(attrPrefix):]
	}
	if s.ignore[aspect] || aspect == Attrs && matchAny(s.ignoreAttrs, attr) {
		return false
	}
	return s.whole(part) || s.only[aspect] || aspect == Attrs && matchAny(s.onlyAttrs, attr)
}

// name reports whether an item with these names is selected.
func (s *selection) name(names ...string) bool {
	return len(s.names) == 0 || slices.ContainsFunc(names, func(n string) bool { return matchAny(s.names, n) })
}

// named reports whether items are selected by name. Items without a name are then excluded.
func (s *selection) named() bool { return len(s.names) > 0 }

func matchAny(globs []match.Glob, name string) bool {
	return slices.ContainsFunc(globs, func(g match.Glob) bool { return g.Match(name) })
}
