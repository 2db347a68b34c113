// Package problems finds what keeps TensorFlow from importing a file, and what else is wrong with it.
package problems

import (
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
)

// A Severity says how much a Problem matters.
type Severity string

// The severities, the worst first.
const (
	SeverityError   Severity = "error"   // TensorFlow refuses to import the file, or to run a constant that is damaged
	SeverityWarning Severity = "warning" // it imports the file, and what is imported does not do what one expects
	SeverityInfo    Severity = "info"    // it imports the file; who uses it should know this
)

// A Problem is something in a file that keeps TensorFlow from importing it or surprises who does. Equal problems in many
// places are one Problem.
type Problem struct {
	ID       string   `json:"id"`                 // stable: one of ProblemKinds
	Severity Severity `json:"severity"`           // of the kind
	Place    string   `json:"place"`              // where, or the first of several places: "node conv1", "collection train_op"
	Message  string   `json:"message"`            // what is wrong there, in one line
	Hint     string   `json:"hint"`               // what to do
	Count    int      `json:"count"`              // number of places, at least 1
	Examples []Place  `json:"examples,omitempty"` // where Count > 1: the first places in file order, Place among them
}

// A Place is one of several places of a Problem.
type Place struct {
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Find returns what would keep TensorFlow 2.21 (ReferenceVersion) from importing the file or surprise who does, errors
// first, then warnings, then infos, each in the order of ProblemKinds. It is empty for a file that is in order. Importing is
// what tf.compat.v1.train.import_meta_graph does; tf.saved_model.load calls it. The error, for bytes that are no MetaGraphDef,
// wraps a *wire.SyntaxError. Each node whose op matches one of forbidden is an error too.
func Find(m *model.Model, forbidden ...match.Glob) ([]Problem, error) {
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	f := newProblemFinder(m.Meta, g)
	f.forbidden = forbidden
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

// checks are the passes over the file, in the order in which later ones need what earlier ones find out. Each reports problems of the
// kinds in problemKinds.
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

// always makes a check of one that cannot fail.
func always(find func(*problemFinder)) func(*problemFinder) error {
	return func(f *problemFinder) error {
		find(f)
		return nil
	}
}

// maxExamples is how many places of one problem are told, maxGroups how many problems of one kind stand apart.
const (
	maxExamples = 5
	maxGroups   = 40
)

// A problemList collects problems. The places of one kind and one group make one Problem.
type problemList struct {
	groups map[problemGroup]int // number in found
	kinds  map[problemKind]int  // number of groups
	found  []foundProblem
	places int // of all of them
}

type problemGroup struct {
	kind  problemKind
	group string
}

type foundProblem struct {
	kind    problemKind
	problem Problem
}

// otherGroups is the group that takes what is too much for groups of their own.
const otherGroups = "\x00others"

// add notes one place of a problem. group sets apart problems of one kind that are not the same: the op that is not
// registered, the device that is not spelled right. message and place are called for the first few only.
func (l *problemList) add(kind problemKind, group string, place, message func() string) {
	l.addTimes(kind, group, 1, place, message)
}

// addTimes notes a problem that is found in several places at once.
func (l *problemList) addTimes(kind problemKind, group string, times int, place, message func() string) {
	l.addAdvice(kind, group, times, place, message, "")
}

// addAdvice notes a problem with advice of its own in place of that of its kind, unless hint is empty.
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

// problems returns what was noted, in the order that Problems promises.
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

// fixed returns a function that returns s, for places and messages that cost nothing.
func fixed(s string) func() string { return func() string { return s } }

// shown returns a name out of a file for a message: as it is where it can be printed and has no space in it, else quoted.
func shown[T []byte | string](name T) string {
	s := string(name)
	if s == "" || !utf8.ValidString(s) {
		return strconv.Quote(s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == ' ' || r == '"' {
			return strconv.Quote(s)
		}
	}
	return s
}
