package render

import (
	"bufio"
	"strings"

	"github.com/metagraph/metagraph/internal/diff"
)

const (
	// foldFrom is from how many names on a list is folded away behind its count.
	foldFrom = 5
	// foldMost is how many names a folded list holds, so that the whole stays a comment of a sane size.
	foldMost = 100
)

// A diffPage is a comparison on its way to markdown.
type diffPage struct {
	*bufio.Writer
	voice voice
	all   bool
}

// diffMarkdown prints a comparison as a comment on a pull request: a table of the parts, then each part, long lists folded
// away.
func diffMarkdown(w *bufio.Writer, r *diff.Report, o DiffOptions) {
	p := &diffPage{w, markdownVoice(), o.All}
	p.WriteString("### " + p.voice.code(sideName(r.A, "A")) + " → " + p.voice.code(sideName(r.B, "B")) + "\n\n")
	for _, note := range r.Notes {
		p.WriteString("> " + markdownText(Text(note)) + "\n\n")
	}
	p.summary(r)
	if o.Stat {
		return
	}
	for _, part := range differing(r) {
		p.WriteString("\n#### " + partTitle(part.name) + "\n\n")
		one, many := nouns(part.name)
		p.part(part.part, "", one, many)
	}
}

// summary prints the table of the parts.
func (p *diffPage) summary(r *diff.Report) {
	p.WriteString("| part | A | B | difference |\n| ---- | -: | -: | ---------- |\n")
	for _, part := range differing(r) {
		p.WriteString("| " + partTitle(part.name) + " | " + diffNumber(part.part.A) + " | " + diffNumber(part.part.B) + " | " + partCounts(part.part) + " |\n")
	}
}

// item prints an item of a list.
func (p *diffPage) item(indent, text string) { p.WriteString(indent + "- " + text + "\n") }

// names prints an item that is about many names, which are folded away where they are more than a few.
func (p *diffPage) names(indent, text string, names []string) {
	if len(names) < foldFrom {
		p.item(indent, text+": "+p.list(names))
		return
	}
	p.item(indent, text)
	most := foldMost
	if p.all {
		most = len(names)
	}
	p.WriteString(indent + "  <details><summary>" + p.summaryText(names) + "</summary>\n\n")
	p.WriteString(indent + "  " + p.list(names[:min(most, len(names))]))
	if rest := len(names) - most; rest > 0 {
		p.WriteString(" and " + diffNumber(rest) + " more")
	}
	p.WriteString("\n" + indent + "  </details>\n")
}

// summaryText returns the first of many names for the line that a folded list shows.
func (p *diffPage) summaryText(names []string) string {
	v := voice{code: func(s string) string { return "<code>" + htmlText(Text(s)) + "</code>" }}
	return v.names(names, 3)
}

func (p *diffPage) list(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = p.voice.code(name)
	}
	return strings.Join(out, ", ")
}

// part prints what differs in a part, or inside one thing.
func (p *diffPage) part(part *diff.Part, indent, one, many string) {
	for _, f := range part.Fields {
		p.item(indent, p.voice.field(f))
	}
	for _, s := range p.some(len(part.RenamedScopes)) {
		p.item(indent, p.voice.scope(part.RenamedScopes[s]))
	}
	p.rest(indent, len(part.RenamedScopes), "more renamed scopes")
	for _, i := range p.some(len(part.Renamed)) {
		p.item(indent, p.voice.code(part.Renamed[i].Name)+" is now "+p.voice.code(part.Renamed[i].NewName))
	}
	p.rest(indent, len(part.Renamed), "more renamed "+many)
	p.things("added", part.Added, indent, one, many)
	p.things("removed", part.Removed, indent, one, many)
	p.changes(part.Changed, indent, one, many)
	if len(part.Moved) > 0 {
		p.names(indent, diffCount(len(part.Moved), one, many)+" in another order", changeNames(part.Moved))
	}
}

// some returns the numbers of those of n things that are printed one by one.
func (p *diffPage) some(n int) []int {
	if !p.all {
		n = min(n, foldMost)
	}
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// rest says how many of n things were not printed.
func (p *diffPage) rest(indent string, n int, what string) {
	if rest := n - len(p.some(n)); rest > 0 {
		p.item(indent, diffNumber(rest)+" "+what)
	}
}

// things prints what was added or removed.
func (p *diffPage) things(what string, changes []diff.Change, indent, one, many string) {
	switch {
	case len(changes) == 0:
	case len(changes) < foldFrom:
		for _, c := range changes {
			p.item(indent, what+": "+p.voice.thing(c))
		}
	default:
		p.names(indent, diffCount(len(changes), one, many)+" "+what, changeNames(changes))
	}
}

// changes prints what changed: what several things share once.
func (p *diffPage) changes(changes []diff.Change, indent, one, many string) {
	var flat, nested []diff.Change
	for _, c := range changes {
		if c.Nodes != nil || c.Entries != nil {
			nested = append(nested, c)
		} else {
			flat = append(flat, c)
		}
	}
	shared, single := groupChanges(flat)
	for _, i := range p.some(len(shared)) {
		g := shared[i]
		p.names(indent, p.voice.field(g.field)+" on "+diffCount(len(g.names), one, many), g.names)
	}
	p.rest(indent, len(shared), "more changes that several "+many+" share")
	fold := len(single) > 2*foldFrom
	inside := indent
	if fold {
		p.item(indent, diffCount(len(single), one, many)+" changed each in its own way")
		p.WriteString(indent + "  <details><summary>" + p.summaryText(changeNames(single)) + "</summary>\n\n")
		inside += "  "
	}
	for _, i := range p.some(len(single)) {
		p.item(inside, p.title(single[i])+": "+p.fields(single[i].Fields))
	}
	p.rest(inside, len(single), "more changed "+many)
	if fold {
		p.WriteString("\n" + indent + "  </details>\n")
	}
	for _, i := range p.some(len(nested)) {
		p.nested(nested[i], indent)
	}
	p.rest(indent, len(nested), "more changed "+many)
}

func (p *diffPage) title(c diff.Change) string {
	text := p.voice.code(c.Name)
	if c.NewName != "" {
		text += " (now " + p.voice.code(c.NewName) + ")"
	}
	return text
}

func (p *diffPage) fields(fields []diff.Field) string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = p.voice.field(f)
	}
	return strings.Join(out, "; ")
}

// nested prints a function or collection in which something changed.
func (p *diffPage) nested(c diff.Change, indent string) {
	text := p.title(c)
	if len(c.Fields) > 0 {
		text += ": " + p.fields(c.Fields)
	}
	inner, one, many := c.Nodes, "node", "nodes"
	if inner == nil {
		inner, one, many = c.Entries, "entry", "entries"
	}
	p.item(indent, text+": "+many+": "+partCounts(inner))
	p.part(inner, indent+"  ", one, many)
}
