package diff

import (
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// Options selects what to compare. The zero value compares everything that has a meaning.
type Options struct {
	Ignore []string // parts, aspects of nodes and rules (see below) to ignore
	Only   []string // the only parts and aspects to compare; empty for all
	Names  []string // globs for the names of nodes, functions, collections, ... to compare; empty for all
	// Registry has the types of collection entries; nil means those that TensorFlow registers.
	Registry *scope.Registry
	// Endpoints finds the inputs and outputs of a graph; nil leaves out the part "io". It is only called if the files differ.
	Endpoints func(*wire.MetaGraph) ([]Endpoint, error)
	GraphOnly bool // compare only the graphs: nodes, functions, variables and versions
}

// The aspects and rules that Ignore and Only accept in addition to the names of the parts.
const (
	Devices        = "devices"         // the devices of nodes
	Inputs         = "inputs"          // the inputs of nodes
	Attrs          = "attrs"           // the attrs of nodes
	attrPrefix     = "attr:"           // attr:GLOB, some of them
	DeviceSpelling = "device-spelling" // Ignore only: /gpu:0 and /device:GPU:0 are the same
	DefaultAttrs   = "default-attrs"   // Ignore only: an absent attr and one with the default of its op are the same
	Counters       = "counters"        // Ignore only: numbers that TensorFlow increments from run to run are the same
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

// Selectable returns the words that Options.Ignore accepts, for messages and completion.
func Selectable() []string {
	var out []string
	for _, p := range new(Report).parts() {
		out = append(out, p.name)
	}
	return append(out, Devices, Inputs, Attrs, attrPrefix+"NAME", DeviceSpelling, DefaultAttrs, Counters)
}

// A selection is the parsed form of Options.
type selection struct {
	ignore, only   map[string]bool
	ignoreAttrs    []scope.Glob
	onlyAttrs      []scope.Glob
	names          []scope.Glob
	aspectsOnly    bool // Only names aspects of nodes and no part that has nodes
	deviceSpelling bool
	defaultAttrs   bool
	counters       bool
}

// A SelectionError reports invalid Options.
type SelectionError struct {
	Word   string // the invalid word; empty if the error is about all of them
	Reason string
}

func (e *SelectionError) Error() string {
	if e.Word == "" {
		return e.Reason
	}
	return strconv.Quote(e.Word) + " " + e.Reason
}

// Check returns the error that Compare would return for the options: a part that there is none of, a pattern that is none.
func (o Options) Check() error {
	_, err := o.read()
	return err
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
	for _, rule := range []string{DeviceSpelling, DefaultAttrs, Counters} {
		if s.only[rule] {
			return nil, &SelectionError{rule, "can be ignored, but cannot be all that is compared"}
		}
	}
	s.deviceSpelling, s.defaultAttrs, s.counters = s.ignore[DeviceSpelling], s.ignore[DefaultAttrs], s.ignore[Counters]
	s.aspectsOnly = s.only[Devices] || s.only[Inputs] || s.only[Attrs] || len(s.onlyAttrs) > 0
	if s.empty() {
		return nil, &SelectionError{Reason: "nothing is left to compare: everything selected is ignored"}
	}
	for _, pattern := range o.Names {
		if pattern == "" {
			return nil, &SelectionError{Reason: "the name pattern is empty"}
		}
		glob, err := scope.ParseGlob(pattern)
		if err != nil {
			return nil, err
		}
		s.names = append(s.names, glob)
	}
	return s, nil
}

// readWords fills in the known words of a selection and returns the patterns for attrs. A word may be a list with commas.
func readWords(words []string, known map[string]bool) ([]scope.Glob, error) {
	var globs []scope.Glob
	for _, list := range words {
		for word := range strings.SplitSeq(list, ",") {
			word = strings.TrimSpace(word)
			if pattern, ok := strings.CutPrefix(word, attrPrefix); ok && pattern != "" {
				glob, err := scope.ParseGlob(pattern)
				if err != nil {
					return nil, err
				}
				globs = append(globs, glob)
				continue
			}
			if full, ok := aliases[word]; ok {
				word = full
			}
			if !slices.Contains(Selectable(), word) {
				return nil, &SelectionError{word, "is not a part or aspect; use " + strings.Join(Selectable(), ", ")}
			}
			known[word] = true
		}
	}
	return globs, nil
}

// part reports whether a part is selected. Nodes and functions are also selected if only an aspect of nodes is.
func (s *selection) part(name string) bool {
	if s.ignore[name] {
		return false
	}
	if len(s.only) == 0 && len(s.onlyAttrs) == 0 || s.only[name] {
		return true
	}
	return s.aspectsOnly && (name == Nodes || name == Functions)
}

// whole reports whether all of a part counts, so that things added and removed do, and not an aspect of its nodes alone.
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

// name reports whether a thing with these names is selected.
func (s *selection) name(names ...string) bool {
	return len(s.names) == 0 || slices.ContainsFunc(names, func(n string) bool { return matchAny(s.names, n) })
}

// named reports whether things are selected by name, which excludes things without a name.
func (s *selection) named() bool { return len(s.names) > 0 }

func matchAny(globs []scope.Glob, name string) bool {
	return slices.ContainsFunc(globs, func(g scope.Glob) bool { return g.Match(name) })
}
