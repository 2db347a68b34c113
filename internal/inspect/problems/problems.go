// Package problems finds what prevents TensorFlow from importing a file, and other problems of the file.
//
// The table in kinds.go documents every problem. Its hints name whole metagraph commands, because users read them as they
// are in the output and in docs/problems.md. No other file below internal names a flag.
package problems

import (
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/printable"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
)

// A Severity is how serious a Problem is.
type Severity string

// The severities, most serious first.
const (
	SeverityError   Severity = "error"   // TensorFlow cannot import the file, or cannot run a damaged constant
	SeverityWarning Severity = "warning" // the import succeeds, but the graph does not work as expected
	SeverityInfo    Severity = "info"    // the import succeeds; users of the file should know this
)

// A Problem is something that prevents TensorFlow from importing a file, or that surprises its users. Equal problems in many places
// form one Problem.
type Problem struct {
	ID       string   `json:"id"`                 // stable id; see docs/problems.md
	Severity Severity `json:"severity"`           // "error", "warning" or "info"
	Place    string   `json:"place"`              // the place, or the first of several: "node conv1", "collection train_op"
	Message  string   `json:"message"`            // what is wrong there, in one line
	Hint     string   `json:"hint"`               // how to fix it
	Count    int      `json:"count"`              // number of places, at least 1
	Examples []Place  `json:"examples,omitempty"` // the first places in file order, if there are several
}

// A Place is one of several places of a Problem.
type Place struct {
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Places returns the first places of the problem in file order.
func (p *Problem) Places() []Place {
	if len(p.Examples) == 0 {
		return []Place{{p.Place, p.Message}}
	}
	return p.Examples
}

// Find returns what prevents TensorFlow 2.21 (ReferenceVersion) from importing a file, or surprises its users. A node whose op
// matches one of forbidden is an error. Importing means tf.compat.v1.train.import_meta_graph, which tf.saved_model.load calls too.
// Errors come first, then warnings, then infos, each in the order of Kinds. The result is empty for a file without problems. The
// error wraps a *wire.SyntaxError if the bytes are not a MetaGraphDef.
func Find(m *model.Model, forbidden ...match.Glob) ([]Problem, error) {
	kinds, count, err := m.Kinds()
	if err != nil {
		return nil, err
	}
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	tensors, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	f := newProblemFinder(m.Meta, g, tensors.Ops())
	f.forbidden = forbidden
	f.sortNodes(kinds, count)
	return f.find(m)
}

// sortNodes sets the kinds of the nodes. It finds out whether protobuf accepts the file.
func (f *problemFinder) sortNodes(kinds []int32, count int32) {
	f.factsOf, f.kinds = kinds, count
	for _, c := range f.g.Colocated() {
		if c.Group == graph.Dangling {
			f.factsOf[c.Node] = model.NoKind
		}
	}
	f.sound = f.g.Shortest() && schema.ValidExceptNodes(f.m, f.g.Rest())
	for i := 0; i < len(kinds) && f.sound; i++ {
		f.sound = f.factsOf[i] != model.NoKind || schema.ValidNode(f.g.Raw(i))
	}
}

// find makes all checks. Without sortNodes before, it takes longer.
func (f *problemFinder) find(m *model.Model) ([]Problem, error) {
	if f.factsOf == nil {
		f.factsOf = make([]int32, f.g.Len())
	}
	for _, check := range checks {
		if err := check(f); err != nil {
			return nil, err
		}
	}
	if err := f.findInCheckpoint(m); err != nil {
		return nil, err
	}
	return f.found.problems(), nil
}

// checks are the passes over the file. Later ones use the results of earlier ones. Each reports kinds of problemKinds.
var checks = []func(*problemFinder) error{
	always((*problemFinder).findInMessage),
	always((*problemFinder).findUnbound),
	(*problemFinder).findInLibrary,
	always((*problemFinder).findInNodes),
	always((*problemFinder).findInEdges),
	always((*problemFinder).findCycles),
	always((*problemFinder).findInDevices),
	always((*problemFinder).findSharedVariables),
	(*problemFinder).findInFunctions,
	always((*problemFinder).findInShapes),
	always((*problemFinder).findInCollections),
	always((*problemFinder).findInSaver),
	always((*problemFinder).findInSignatures),
	always((*problemFinder).findInObjects),
	always((*problemFinder).findInTags),
	always((*problemFinder).findInOps),
	always((*problemFinder).findOutsideFiles),
	(*problemFinder).findForbidden,
}

// always turns a check that cannot fail into one that returns an error.
func always(find func(*problemFinder)) func(*problemFinder) error {
	return func(f *problemFinder) error {
		find(f)
		return nil
	}
}

// maxExamples is the maximum number of reported places of one problem; maxGroups is the maximum number of problems of one kind.
const (
	maxExamples = 5
	maxGroups   = 40
)

// A problemList collects problems. The places of one kind and one group make one Problem.
type problemList struct {
	groups map[problemGroup]int // index in found
	kinds  map[problemKind]int  // number of groups
	found  []foundProblem
	places int // total number of places
}

type problemGroup struct {
	kind  problemKind
	group string
}

type foundProblem struct {
	kind    problemKind
	problem Problem
}

// otherGroups is the group for everything beyond maxGroups.
const otherGroups = "\x00others"

// add adds one place of a problem. group distinguishes problems of one kind, such as the unregistered op or the invalid device. add
// calls place and message only for the first few places.
func (l *problemList) add(kind problemKind, group string, place, message func() string) {
	l.addTimes(kind, group, 1, place, message)
}

// addTimes adds a problem with several places at once.
func (l *problemList) addTimes(kind problemKind, group string, times int, place, message func() string) {
	l.addAdvice(kind, group, times, place, message, "")
}

// addAdvice is addTimes with a specific hint, which replaces that of the kind unless it is empty.
func (l *problemList) addAdvice(kind problemKind, group string, times int, place, message func() string, hint string) {
	if l.groups == nil {
		l.groups, l.kinds = make(map[problemGroup]int), make(map[problemKind]int)
	}
	key := problemGroup{kind, group}
	at, known := l.groups[key]
	if !known && l.kinds[kind] >= maxGroups {
		key.group = otherGroups
		at, known = l.groups[key]
	}
	if !known {
		at = len(l.found)
		l.groups[key] = at
		l.kinds[kind]++
		k := problemKinds[kind]
		if hint == "" || key.group == otherGroups {
			hint = k.Hint
		}
		if scope.ValidName(key.group) {
			hint = strings.Replace(hint, "KEY", key.group, 1)
		}
		l.found = append(l.found, foundProblem{kind, Problem{ID: k.ID, Severity: k.Severity, Hint: hint}})
	}
	p := &l.found[at].problem
	p.Count += times
	l.places += times
	switch {
	case !known:
		p.Place, p.Message = place(), message()
		p.Examples = append(p.Examples, Place{p.Place, p.Message})
	case len(p.Examples) < maxExamples:
		p.Examples = append(p.Examples, Place{place(), message()})
	}
}

// problems returns the collected problems in the order that Find documents.
func (l *problemList) problems() []Problem {
	slices.SortStableFunc(l.found, func(a, b foundProblem) int { return int(a.kind) - int(b.kind) })
	out := make([]Problem, len(l.found))
	for i := range l.found {
		out[i] = l.found[i].problem
		if len(out[i].Examples) == 1 {
			out[i].Examples = nil
		}
	}
	return out
}

// fixed returns a function that returns s, for places and messages that are cheap to build.
func fixed(s string) func() string { return func() string { return s } }

// shown returns a name from a file for a message. It quotes names with spaces or characters that are not printable.
func shown[T []byte | string](name T) string {
	s := string(name)
	if strings.ContainsAny(s, ` "`) {
		return strconv.Quote(s)
	}
	return printable.Quote(s)
}
