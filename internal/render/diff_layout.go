package render

import (
	"strings"

	"github.com/metagraph/metagraph/internal/diff"
)

// limits holds the largest number of lines for each kind of difference in one part.
type limits struct {
	list   int // items added, removed, renamed, or with a change that is not shared
	groups int // changes that several items share
	names  int // names given as examples
	nested int // lines for changes inside one item
}

// unlimited are the limits for complete lists.
const unlimited = 1 << 30

// A diffLine is one line with its mark, indent and text.
type diffLine struct {
	mark  byte // '+', '-', '~', '>' for renamed and moved, '#' for a heading, 'n' for a note, ' ' for a continuation
	depth int
	text  string
}

// partLines lays out one part.
func partLines(p namedPart, size limits) []diffLine {
	l := &diffLayout{phrasing: plainPhrasing(), size: size}
	if size.list == unlimited {
		l.phrasing = l.phrasing.complete()
	}
	l.part(p.name, p.part)
	return l.lines
}

// A diffLayout lays out a comparison in lines.
type diffLayout struct {
	phrasing phrasing
	size     limits
	lines    []diffLine
}

func (l *diffLayout) add(mark byte, depth int, text string) {
	l.lines = append(l.lines, diffLine{mark, depth, text})
}

// more adds a line with the number of omitted items.
func (l *diffLayout) more(depth, n int, noun string) {
	if n > 0 {
		l.add(' ', depth, "… "+Count(n, noun))
	}
}

// part lays out one part of the report.
func (l *diffLayout) part(name string, p *diff.Part) {
	l.add('#', 0, partTitle(name)+": "+partCounts(p))
	noun := nounOf(name)
	most := max(l.size.list, 6)
	for _, f := range firstOf(p.Fields, most) {
		l.add('~', 1, l.phrasing.field(f))
	}
	l.more(1, len(p.Fields)-most, "more field")
	l.body(p, 1, l.size, noun)
}

// nounOf returns the noun for one item of a part.
func nounOf(part string) string {
	switch part {
	case diff.IO, diff.Checkpoint:
		return "tensor"
	case diff.Functions, diff.Collections, diff.Variables, diff.Signatures, diff.Assets, diff.Ops:
		return strings.TrimSuffix(part, "s")
	}
	return "node"
}

func firstOf[T any](list []T, n int) []T { return list[:min(len(list), max(n, 0))] }

// body lays out the items that were renamed, added, removed, changed and moved.
func (l *diffLayout) body(p *diff.Part, depth int, size limits, noun string) {
	for _, s := range firstOf(p.RenamedScopes, size.list) {
		l.add('>', depth, l.phrasing.scope(s, noun))
	}
	l.more(depth, len(p.RenamedScopes)-size.list, "more renamed scope")
	most := size.list
	if noun == "function" && size.list != unlimited {
		most = min(most, 3) // TensorFlow renumbers functions with every save
	}
	for _, c := range firstOf(p.Renamed, most) {
		l.add('>', depth, l.phrasing.code(c.Name)+" is now "+l.phrasing.code(c.NewName))
	}
	l.more(depth, len(p.Renamed)-most, "more renamed "+noun)
	l.things('+', p.Added, depth, size, noun)
	l.things('-', p.Removed, depth, size, noun)
	l.changes(p.Changed, depth, size, noun)
	if n := len(p.Moved); n > size.list {
		l.add('>', depth, Count(n, noun)+" reordered: "+l.phrasing.names(changeNames(p.Moved), size.names))
	} else {
		for _, c := range p.Moved {
			l.add('>', depth, l.phrasing.code(c.Name)+": "+l.fieldsText(c.Fields, size))
		}
	}
}

func changeNames(changes []diff.Change) []string {
	return formsOf(changes, func(c *diff.Change) string { return changeName(*c) })
}

// things lays out the items that were added or removed, one by one or as totals by scope.
func (l *diffLayout) things(mark byte, changes []diff.Change, depth int, size limits, noun string) {
	if len(changes) <= size.list {
		for _, c := range changes {
			l.add(mark, depth, l.phrasing.thing(c))
		}
		return
	}
	names := changeNames(changes)
	text := Count(len(names), noun) + ": "
	if noun == "node" || noun == "variable" {
		l.add(mark, depth, text+l.phrasing.sums(sumScopes(names, 2*size.names), 2*size.names))
		return
	}
	l.add(mark, depth, text+l.phrasing.names(names, 2*size.names))
}

// changes lays out the changes: first those that several items share, then the others.
func (l *diffLayout) changes(changes []diff.Change, depth int, size limits, noun string) {
	flat, nested := splitNested(changes)
	l.flat(flat, depth, size, noun)
	for _, c := range firstOf(nested, max(size.list, 3)) {
		l.nested(c, depth, size)
	}
	if rest := len(nested) - max(size.list, 3); rest > 0 {
		l.add('~', depth, Count(rest, "more changed "+noun)+": "+l.phrasing.names(changeNames(nested[len(nested)-rest:]), size.names))
	}
}

// flat lays out changes that are not nested, shared ones first.
func (l *diffLayout) flat(changes []diff.Change, depth int, size limits, noun string) {
	if noun == "op" && len(changes) > size.nested {
		l.add('~', depth, Count(len(changes), "op definition")+" changed: "+l.phrasing.names(changeNames(changes), 2*size.names))
		return
	}
	shared, single := []changeGroup(nil), changes
	if size.groups > 0 {
		shared, single = groupChanges(changes)
	}
	for _, g := range firstOf(shared, size.groups) {
		l.add('~', depth, l.phrasing.field(g.field)+": "+Count(len(g.names), noun)+": "+l.phrasing.names(g.names, size.names))
	}
	if rest := len(shared) - size.groups; size.groups > 0 && rest > 0 {
		l.add(' ', depth, "… "+Count(rest, "more change")+" that several "+plural(noun)+" share")
	}
	if len(single) <= size.list {
		for _, c := range single {
			l.add('~', depth, l.phrasing.item(c)+": "+l.fieldsText(c.Fields, size))
		}
		return
	}
	sums := sumFields(single)
	for _, g := range firstOf(sums, size.list) {
		if len(g.names) == 1 {
			l.add('~', depth, l.phrasing.fieldName(g.field.Field)+" of "+l.phrasing.code(g.names[0]))
			continue
		}
		l.add('~', depth, l.phrasing.fieldName(g.field.Field)+": "+Count(len(g.names), noun)+", each differently: "+l.phrasing.names(g.names, size.names))
	}
	if rest := len(sums) - size.list; rest > 0 {
		l.add(' ', depth, "… "+Count(rest, "more field")+" that changed")
	}
}

func (l *diffLayout) fieldsText(fields []diff.Field, size limits) string {
	most := 3
	if size.names == unlimited {
		most = unlimited
	}
	return l.phrasing.fields(fields, most)
}

// nested lays out the changes inside a function or collection.
func (l *diffLayout) nested(c diff.Change, depth int, size limits) {
	var facts []string
	if len(c.Fields) > 0 {
		facts = append(facts, l.fieldsText(c.Fields, size))
	}
	inner, noun := nestedPart(c)
	facts = append(facts, plural(noun)+": "+partCounts(inner))
	l.add('~', depth, l.phrasing.item(c)+": "+strings.Join(facts, "; "))
	if size.nested == 0 {
		return
	}
	within := limits{size.nested, min(size.nested, size.groups), size.names, size.nested / 2}
	before := len(l.lines)
	l.body(inner, depth+1, within, noun)
	if added := len(l.lines) - before; added > 2*size.nested && size.nested != unlimited {
		l.lines = l.lines[:before+2*size.nested]
		l.add(' ', depth+1, "…")
	}
}
