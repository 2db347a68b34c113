package render

import (
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/metagraph/metagraph/internal/diff"
)

// screen is the number of lines that a comparison should fit.
const screen = 40

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

// limitSteps are the possible limits of a part, largest first.
func limitSteps() []limits {
	return []limits{{12, 12, 6, 8}, {8, 8, 5, 4}, {6, 6, 4, 3}, {4, 5, 4, 2}, {3, 3, 4, 1}, {2, 2, 3, 0}}
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

// writeDiffLines prints lines. It reports whether it cut any of them to the width of the terminal.
func writeDiffLines(w *printer, lines []diffLine, o DiffOptions) (cut bool) {
	st := style{color: o.Color}
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
	return "the graphs have little in common: " + Count(common, "node") + " " + agree(common, "is", "are") + " in both"
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
		facts = append(facts, Count(s.Nodes, "node"))
	}
	return sideName(s, otherwise) + "  (" + strings.Join(facts, ", ") + ")"
}
