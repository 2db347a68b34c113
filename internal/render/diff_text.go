package render

import (
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/metagraph/metagraph/internal/diff"
)

// screen is the number of lines that a comparison should fit.
const screen = 40

// limits holds the largest number of lines for each kind of difference in one part.
type limits struct {
	list   int // items added, removed, renamed, or with a change that is not shared
	groups int // changes that several items share
	names  int // names given as examples
	nested int // lines for changes inside one item
}

// limitSteps are the possible limits of a part, largest first.
func limitSteps() []limits {
	return []limits{{12, 12, 6, 8}, {8, 8, 5, 4}, {6, 6, 4, 3}, {4, 5, 4, 2}, {3, 3, 4, 1}, {2, 2, 3, 0}}
}

// unlimited are the limits for complete lists.
const unlimited = 1 << 30

// diffText prints a comparison as a table: as much as fits a screen, or everything.
func diffText(w *printer, r *diff.Report, o DiffOptions) {
	lines := diffHead(r)
	if o.All {
		for _, p := range differing(r) {
			lines = append(lines, partLines(p, limits{unlimited, 0, unlimited, unlimited})...)
		}
		writeDiffLines(w, lines, o)
		return
	}
	parts, left := fitScreen(differing(r), screen-len(lines))
	for _, p := range parts {
		lines = append(lines, p...)
	}
	if cut := writeDiffLines(w, lines, o); (left || cut) && o.More != "" {
		writeDiffLines(w, []diffLine{{'n', 0, o.More}}, o)
	}
}

// fitScreen lays out the parts in about height lines. It shortens the longest part first, and the nodes last. It reports whether anything
// was left out.
func fitScreen(parts []namedPart, height int) (laid [][]diffLine, left bool) {
	sizes := limitSteps()
	level := make([]int, len(parts))
	total := 0
	for _, p := range parts {
		laid = append(laid, partLines(p, sizes[0]))
		total += len(laid[len(laid)-1])
	}
	for total > height {
		longest, most := -1, 0
		for i, p := range parts {
			n := 2 * len(laid[i])
			if p.name == diff.Nodes {
				n /= 2
			}
			if level[i]+1 < len(sizes) && n > most {
				longest, most = i, n
			}
		}
		if longest < 0 {
			break
		}
		level[longest]++
		total -= len(laid[longest])
		laid[longest] = partLines(parts[longest], sizes[level[longest]])
		total += len(laid[longest])
	}
	for _, lines := range laid {
		for _, l := range lines {
			left = left || strings.Contains(l.text, "…")
		}
	}
	return laid, left
}

// A diffLine is one line with its mark, indent and text.
type diffLine struct {
	mark  byte // '+', '-', '~', '>' for renamed and moved, '#' for a heading, 'n' for a note, ' ' for a continuation
	depth int
	text  string
}

// writeDiffLines prints lines. It reports whether it cut any of them to the width of the terminal.
func writeDiffLines(w *printer, lines []diffLine, o DiffOptions) (cut bool) {
	st := newStyle(o.Color)
	for _, l := range lines {
		paint := st.paint(l.mark)
		if o.Width == 0 || o.All {
			w.write(paint(l.prefix()+l.text) + "\n")
			continue
		}
		fitted, short := l.fit(o.Width)
		cut = cut || short
		for _, text := range fitted {
			w.write(paint(text) + "\n")
		}
	}
	return cut
}

// prefix returns the indent of a line, and its mark if that is printed.
func (l diffLine) prefix() string {
	indent := strings.Repeat("  ", l.depth)
	if strings.IndexByte("+-~>", l.mark) >= 0 {
		return indent + string(l.mark) + " "
	}
	return indent
}

// fit returns a line in at most width columns, and whether some of its text was cut. Headings, notes and renames are wrapped.
func (l diffLine) fit(width int) (lines []string, cut bool) {
	texts := []string{l.text}
	indent := strings.Repeat("  ", l.depth+2)
	if strings.IndexByte("#abn>", l.mark) >= 0 {
		texts = WrapWords(l.text, width-len(indent))
	}
	lead := l.prefix()
	for _, text := range texts {
		line := cutLine(lead+text, width)
		cut = cut || line != lead+text
		lines, lead = append(lines, line), indent
	}
	return lines, cut
}

// paint returns the function that colors a line with a mark.
func (s style) paint(mark byte) func(string) string {
	switch mark {
	case '+', 'b':
		return s.added
	case '-', 'a':
		return s.removed
	case '~':
		return s.changed
	case '>':
		return s.renamed
	case '#':
		return s.title
	case 'n', ' ':
		return s.note
	}
	return func(text string) string { return text }
}

// cutLine cuts a line to width columns.
func cutLine(s string, width int) string {
	if displayWidth(s) <= width {
		return s
	}
	return twwidth.Truncate(s, width-1) + "…"
}

func (s style) added(text string) string   { return s.sgr("32", text) }
func (s style) removed(text string) string { return s.sgr("31", text) }
func (s style) changed(text string) string { return s.sgr("33", text) }
func (s style) renamed(text string) string { return s.sgr("36", text) }

// diffHead returns the lines with a summary of the differences and the names of the two sides.
func diffHead(r *diff.Report) []diffLine {
	lines := []diffLine{{'#', 0, "different: " + diffSummary(r)}, {'a', 0, "--- " + sideText(r.A, "A")}, {'b', 0, "+++ " + sideText(r.B, "B")}}
	for _, note := range r.Notes {
		lines = append(lines, diffLine{'n', 0, "note: " + note})
	}
	if text := fewCommonNodes(r); text != "" {
		lines = append(lines, diffLine{'n', 0, text})
	}
	return lines
}

// fewCommonNodes returns a note if most nodes are on one side only, and "" otherwise.
func fewCommonNodes(r *diff.Report) string {
	p := r.Nodes
	if p == nil || len(p.Removed)+len(p.Added) == 0 {
		return ""
	}
	common := p.A - len(p.Removed)
	if 2*common >= min(p.A, p.B) || len(p.Removed) == 0 || len(p.Added) == 0 {
		return ""
	}
	return "the graphs have little in common: " + diffCount(common, "node is", "nodes are") + " in both"
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

// sideText describes one side of the comparison.
func sideText(s diff.Side, otherwise string) string {
	var facts []string
	if s.Kind != "" && s.Kind != "MetaGraphDef" {
		facts = append(facts, s.Kind)
	}
	if s.TensorFlowVersion != "" {
		facts = append(facts, "TensorFlow "+Text(s.TensorFlowVersion))
	}
	if s.Kind != diff.Checkpoint {
		facts = append(facts, diffCount(s.Nodes, "node", "nodes"))
	}
	return sideName(s, otherwise) + "  (" + strings.Join(facts, ", ") + ")"
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
func (l *diffLayout) more(depth, n int, one, many string) {
	if n > 0 {
		l.add(' ', depth, "… "+diffCount(n, one, many))
	}
}

// part lays out one part of the report.
func (l *diffLayout) part(name string, p *diff.Part) {
	l.add('#', 0, partTitle(name)+": "+partCounts(p))
	one, many := nouns(name)
	most := max(l.size.list, 6)
	for _, f := range firstOf(p.Fields, most) {
		l.add('~', 1, l.phrasing.field(f))
	}
	l.more(1, len(p.Fields)-most, "more field", "more fields")
	l.body(p, 1, l.size, one, many)
}

// nouns returns the singular and plural for the items of a part.
func nouns(part string) (one, many string) {
	switch part {
	case diff.IO:
		return "tensor", "tensors"
	case diff.Functions:
		return "function", "functions"
	case diff.Collections:
		return "collection", "collections"
	case diff.Variables:
		return "variable", "variables"
	case diff.Checkpoint:
		return "tensor", "tensors"
	case diff.Signatures:
		return "signature", "signatures"
	case diff.Assets:
		return "asset", "assets"
	case diff.Ops:
		return "op", "ops"
	}
	return "node", "nodes"
}

func firstOf[T any](list []T, n int) []T { return list[:min(len(list), max(n, 0))] }

// body lays out the items that were renamed, added, removed, changed and moved.
func (l *diffLayout) body(p *diff.Part, depth int, size limits, one, many string) {
	for _, s := range firstOf(p.RenamedScopes, size.list) {
		l.add('>', depth, l.phrasing.scope(s, one, many))
	}
	l.more(depth, len(p.RenamedScopes)-size.list, "more renamed scope", "more renamed scopes")
	most := size.list
	if one == "function" && size.list != unlimited {
		most = min(most, 3) // TensorFlow renumbers functions with every save
	}
	for _, c := range firstOf(p.Renamed, most) {
		l.add('>', depth, l.phrasing.code(c.Name)+" is now "+l.phrasing.code(c.NewName))
	}
	l.more(depth, len(p.Renamed)-most, "more renamed "+one, "more renamed "+many)
	l.things('+', p.Added, depth, size, one, many)
	l.things('-', p.Removed, depth, size, one, many)
	l.changes(p.Changed, depth, size, one, many)
	if n := len(p.Moved); n > size.list {
		l.add('>', depth, diffCount(n, one, many)+" reordered: "+l.phrasing.names(changeNames(p.Moved), size.names))
	} else {
		for _, c := range p.Moved {
			l.add('>', depth, l.phrasing.code(c.Name)+": "+l.fieldsText(c.Fields, size))
		}
	}
}

func changeNames(changes []diff.Change) []string {
	out := make([]string, len(changes))
	for i, c := range changes {
		out[i] = changeName(c)
	}
	return out
}

// things lays out the items that were added or removed, one by one or as totals by scope.
func (l *diffLayout) things(mark byte, changes []diff.Change, depth int, size limits, one, many string) {
	if len(changes) <= size.list {
		for _, c := range changes {
			l.add(mark, depth, l.phrasing.thing(c))
		}
		return
	}
	names := changeNames(changes)
	text := diffCount(len(names), one, many) + ": "
	if one == "node" || one == "variable" {
		l.add(mark, depth, text+l.phrasing.sums(sumScopes(names, 2*size.names), 2*size.names))
		return
	}
	l.add(mark, depth, text+l.phrasing.names(names, 2*size.names))
}

// sums returns scopes with their number of items, largest first, as many as fit.
func (v phrasing) sums(sums []scopeSum, most int) string {
	var b strings.Builder
	for i, s := range sums {
		text := v.code(s.names[0])
		if len(s.names) > 1 {
			text = v.code(s.name) + " (" + diffNumber(len(s.names)) + ")"
		}
		if i == most || i > 0 && b.Len()+len(text) > sumsWidth {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text)
	}
	return b.String()
}

// sumsWidth is the approximate width of a list of scopes.
const sumsWidth = 100

// thing returns the text for an item that was added or removed, with its op or value.
func (v phrasing) thing(c diff.Change) string {
	text := v.code(c.Name)
	switch {
	case c.Value != "" && c.Value != c.Name:
		value, _ := shortenPair(&c.Value, nil, v.width)
		text += " (" + v.code(*value) + ")"
	case c.Op != "":
		text += " (" + v.code(c.Op) + ")"
	}
	return text
}

// changes lays out the changes: first those that several items share, then the others.
func (l *diffLayout) changes(changes []diff.Change, depth int, size limits, one, many string) {
	flat, nested := splitNested(changes)
	l.flat(flat, depth, size, one, many)
	for _, c := range firstOf(nested, max(size.list, 3)) {
		l.nested(c, depth, size)
	}
	if rest := len(nested) - max(size.list, 3); rest > 0 {
		l.add('~', depth, diffCount(rest, "more changed "+one, "more changed "+many)+": "+l.phrasing.names(changeNames(nested[len(nested)-rest:]), size.names))
	}
}

// flat lays out changes that are not nested, shared ones first.
func (l *diffLayout) flat(changes []diff.Change, depth int, size limits, one, many string) {
	if one == "op" && len(changes) > size.nested {
		l.add('~', depth, diffCount(len(changes), "op definition", "op definitions")+" changed: "+l.phrasing.names(changeNames(changes), 2*size.names))
		return
	}
	shared, single := []changeGroup(nil), changes
	if size.groups > 0 {
		shared, single = groupChanges(changes)
	}
	for _, g := range firstOf(shared, size.groups) {
		l.add('~', depth, l.phrasing.field(g.field)+": "+diffCount(len(g.names), one, many)+": "+l.phrasing.names(g.names, size.names))
	}
	if rest := len(shared) - size.groups; size.groups > 0 && rest > 0 {
		l.more(depth, rest, "more change that several "+many+" share", "more changes that several "+many+" share")
	}
	if len(single) <= size.list {
		for _, c := range single {
			l.add('~', depth, l.changeText(c, size))
		}
		return
	}
	sums := sumFields(single)
	for _, g := range firstOf(sums, size.list) {
		if len(g.names) == 1 {
			l.add('~', depth, l.phrasing.fieldName(g.field.Field)+" of "+l.phrasing.code(g.names[0]))
			continue
		}
		l.add('~', depth, l.phrasing.fieldName(g.field.Field)+": "+diffCount(len(g.names), one, many)+", each differently: "+l.phrasing.names(g.names, size.names))
	}
	l.more(depth, len(sums)-size.list, "more field that changed", "more fields that changed")
}

// changeText returns the text for one changed item with its fields.
func (l *diffLayout) changeText(c diff.Change, size limits) string {
	text := l.phrasing.code(c.Name)
	if c.NewName != "" {
		text += " (now " + l.phrasing.code(c.NewName) + ")"
	}
	return text + ": " + l.fieldsText(c.Fields, size)
}

func (l *diffLayout) fieldsText(fields []diff.Field, size limits) string {
	most := 3
	if size.names == unlimited {
		most = unlimited
	}
	var out []string
	for _, f := range firstOf(fields, most) {
		out = append(out, l.phrasing.field(f))
	}
	text := strings.Join(out, "; ")
	if rest := len(fields) - most; rest > 0 {
		text += "; " + diffCount(rest, "more field", "more fields")
	}
	return text
}

// nested lays out the changes inside a function or collection.
func (l *diffLayout) nested(c diff.Change, depth int, size limits) {
	text := l.phrasing.code(c.Name)
	if c.NewName != "" {
		text += " (now " + l.phrasing.code(c.NewName) + ")"
	}
	var facts []string
	if len(c.Fields) > 0 {
		facts = append(facts, l.fieldsText(c.Fields, size))
	}
	inner, one, many := c.Nodes, "node", "nodes"
	if inner == nil {
		inner, one, many = c.Entries, "entry", "entries"
	}
	facts = append(facts, many+": "+partCounts(inner))
	l.add('~', depth, text+": "+strings.Join(facts, "; "))
	if size.nested == 0 {
		return
	}
	within := limits{size.nested, min(size.nested, size.groups), size.names, size.nested / 2}
	before := len(l.lines)
	l.body(inner, depth+1, within, one, many)
	if added := len(l.lines) - before; added > 2*size.nested && size.nested != unlimited {
		l.lines = l.lines[:before+2*size.nested]
		l.add(' ', depth+1, "…")
	}
}
