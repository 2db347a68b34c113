package render

import (
	"bytes"
	"html"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/diff"
)

const (
	// foldFrom is the number of names from which a list is collapsed.
	foldFrom = 5
	// commentSize is the target size in bytes, which fits into a comment on common sites.
	commentSize = 60_000
	// openGroups is the number of shared changes that are printed before the others are collapsed.
	openGroups = 10
)

// foldSizes are the lengths of lists to try until the result fits into a comment.
func foldSizes() []int { return []int{100, 40, 15, 5, 2} }

// A diffPage renders a comparison in markdown.
type diffPage struct {
	*bytes.Buffer
	phrasing phrasing
	most     int // maximum length of a list
}

// diffMarkdown prints a comparison as a comment for a pull request: a table of the parts, then each part. Long lists are collapsed.
func diffMarkdown(w *printer, r *diff.Report, o DiffOptions) {
	if o.All {
		w.writeBytes(markdownPage(r, o, unlimited))
		return
	}
	var page []byte
	for _, most := range foldSizes() {
		if page = markdownPage(r, o, most); len(page) <= commentSize {
			break
		}
	}
	w.writeBytes(page)
}

// markdownPage returns a comparison with lists of at most most elements.
func markdownPage(r *diff.Report, o DiffOptions, most int) []byte {
	p := &diffPage{new(bytes.Buffer), markdownPhrasing(), most}
	if o.All {
		p.phrasing = p.phrasing.complete()
	}
	p.WriteString("### " + p.phrasing.code(sideName(r.A, "A")) + " → " + p.phrasing.code(sideName(r.B, "B")) + "\n\n")
	for _, note := range append(r.Notes[:len(r.Notes):len(r.Notes)], fewCommonNodes(r)) {
		if note != "" {
			p.WriteString("> " + markdownText(Text(note)) + "\n\n")
		}
	}
	p.summary(r)
	if o.Stat {
		return p.Bytes()
	}
	for _, part := range differing(r) {
		p.WriteString("\n#### " + partTitle(part.name) + "\n\n")
		noun := nounOf(part.name)
		p.part(part.part, "", noun)
	}
	return p.Bytes()
}

// summary prints the table of parts.
func (p *diffPage) summary(r *diff.Report) {
	p.WriteString("| part | A | B | difference |\n| ---- | -: | -: | ---------- |\n")
	for _, part := range differing(r) {
		p.WriteString("| " + partTitle(part.name) + " | " + numberText(part.part.A) + " | " + numberText(part.part.B) + " | " + partCounts(part.part) + " |\n")
	}
}

// item prints an item of a list.
func (p *diffPage) item(indent, text string) { p.WriteString(indent + "- " + text + "\n") }

// names prints an item with names. Long lists of names are collapsed.
func (p *diffPage) names(indent, text string, names []string) {
	if len(names) < foldFrom {
		p.item(indent, text+": "+p.list(names))
		return
	}
	p.item(indent, text)
	p.folded(indent, htmlPhrasing().names(names, 3), names)
}

// folded prints a collapsed list of names with a summary, as a part of the previous item.
func (p *diffPage) folded(indent, summary string, names []string) {
	p.open(indent, summary)
	p.WriteString(indent + "  " + p.list(firstOf(names, p.most)))
	if rest := len(names) - p.most; rest > 0 {
		p.WriteString(" and " + numberText(rest) + " more")
	}
	p.close(indent)
}

func (p *diffPage) open(indent, summary string) {
	p.WriteString(indent + "  <details><summary>" + summary + "</summary>\n\n")
}

func (p *diffPage) close(indent string) { p.WriteString("\n" + indent + "  </details>\n") }

// htmlPhrasing is the phrasing for the summary of a collapsed list.
func htmlPhrasing() phrasing {
	return phrasing{code: func(s string) string { return "<code>" + html.EscapeString(Text(s)) + "</code>" }, arrow: " → ", none: "(none)"}
}

func (p *diffPage) list(names []string) string {
	return strings.Join(formsOf(names, func(name *string) string { return p.phrasing.code(*name) }), ", ")
}

// part prints the differences in a part, or inside one item.
func (p *diffPage) part(part *diff.Part, indent, noun string) {
	for _, f := range firstOf(part.Fields, p.most) {
		p.item(indent, p.phrasing.field(f))
	}
	p.rest(indent, len(part.Fields), "more fields")
	for _, s := range firstOf(part.RenamedScopes, p.most) {
		p.item(indent, p.phrasing.scope(s, noun))
	}
	p.rest(indent, len(part.RenamedScopes), "more renamed scopes")
	for _, c := range firstOf(part.Renamed, p.most) {
		p.item(indent, p.phrasing.code(c.Name)+" is now "+p.phrasing.code(c.NewName))
	}
	p.rest(indent, len(part.Renamed), "more renamed "+plural(noun))
	p.things("added", part.Added, indent, noun)
	p.things("removed", part.Removed, indent, noun)
	p.changes(part.Changed, indent, noun)
	if len(part.Moved) > 0 {
		p.names(indent, Count(len(part.Moved), noun)+" reordered", changeNames(part.Moved))
	}
}

// rest prints how many of n items were omitted.
func (p *diffPage) rest(indent string, n int, what string) {
	if rest := n - p.most; rest > 0 {
		p.item(indent, numberText(rest)+" "+what)
	}
}

// things prints the items that were added or removed.
func (p *diffPage) things(what string, changes []diff.Change, indent, noun string) {
	names := changeNames(changes)
	switch {
	case len(changes) == 0:
	case len(changes) < foldFrom:
		for _, c := range changes {
			p.item(indent, what+": "+p.phrasing.thing(c))
		}
	case noun == "node" || noun == "variable":
		p.item(indent, Count(len(changes), noun)+" "+what)
		p.folded(indent, htmlPhrasing().sums(sumScopes(names, 2*foldFrom), 2*foldFrom), names)
	default:
		p.names(indent, Count(len(changes), noun)+" "+what, names)
	}
}

// changes prints the changes. A change that several items share is printed once.
func (p *diffPage) changes(changes []diff.Change, indent, noun string) {
	flat, nested := splitNested(changes)
	shared, single := groupChanges(flat)
	p.groups(firstOf(shared, openGroups), indent, noun)
	if rest := shared[min(len(shared), openGroups):]; len(rest) > 0 {
		p.item(indent, Count(len(rest), "more change")+" that several "+plural(noun)+" share")
		p.open(indent, htmlPhrasing().names(groupFields(rest), 3))
		p.groups(firstOf(rest, p.most), indent+"  ", noun)
		p.rest(indent+"  ", len(rest), "more")
		p.close(indent)
	}
	p.single(single, indent, noun)
	for _, c := range firstOf(nested, p.most) {
		p.nested(c, indent)
	}
	p.rest(indent, len(nested), "more changed "+plural(noun))
}

// groups prints changes that several items share.
func (p *diffPage) groups(groups []changeGroup, indent, noun string) {
	for _, g := range groups {
		p.names(indent, p.phrasing.field(g.field)+" on "+Count(len(g.names), noun), g.names)
	}
}

// groupFields returns the distinct fields of shared changes.
func groupFields(groups []changeGroup) []string {
	var out []string
	for _, g := range groups {
		if !slices.Contains(out, g.field.Field) {
			out = append(out, g.field.Field)
		}
	}
	return out
}

// single prints the items whose changes are not shared.
func (p *diffPage) single(changes []diff.Change, indent, noun string) {
	fold := len(changes) > 2*foldFrom
	inside := indent
	if fold {
		p.item(indent, Count(len(changes), noun)+" changed individually")
		p.open(indent, htmlPhrasing().names(changeNames(changes), 3))
		inside += "  "
	}
	for _, c := range firstOf(changes, p.most) {
		p.item(inside, p.phrasing.item(c)+": "+p.phrasing.fields(c.Fields, p.most))
	}
	p.rest(inside, len(changes), "more changed "+plural(noun))
	if fold {
		p.close(indent)
	}
}

// nested prints the changes inside a function or collection.
func (p *diffPage) nested(c diff.Change, indent string) {
	text := p.phrasing.item(c)
	if len(c.Fields) > 0 {
		text += ": " + p.phrasing.fields(c.Fields, p.most)
	}
	inner, noun := nestedPart(c)
	p.item(indent, text+": "+plural(noun)+": "+partCounts(inner))
	p.part(inner, indent+"  ", noun)
}
