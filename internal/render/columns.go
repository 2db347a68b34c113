package render

import (
	"slices"
	"strings"
)

const (
	// measuredRows is the number of rows that are measured before the first is printed. Later rows can exceed the widths.
	measuredRows = 200
	// narrowest is the smallest width of a column on any terminal.
	narrowest = 12
	ellipsis  = "…"
)

// A layout holds the widths of the columns of a table.
type layout struct {
	columns []column
	kinds   []int    // how each column is fitted
	widths  []int    // width of the widest cell, or the width to cut to
	cut     bool     // shorten cells to widths
	starts  []int    // later rows that start a group
	row     int      // number of rows shown
	above   []string // the previous row
}

// measure returns a layout of rows that fits the given width. It narrows the widest columns first. If width is 0, or if that is not
// enough, columns are as wide as their cells.
func measure(t *grid, rows [][]string, width int) layout {
	l := layout{columns: t.columns, kinds: kindsOf(t.columns), widths: make([]int, len(t.columns)), cut: width > 0, starts: t.starts}
	for i, c := range t.columns {
		if !t.noHead {
			l.widths[i] = displayWidth(c.name)
		}
		for _, row := range rows {
			if i < len(row) {
				l.widths[i] = max(l.widths[i], displayWidth(cell(row[i], c)))
			}
		}
	}
	if width > 0 {
		l.fit(width)
	}
	return l
}

// hideSpare hides spare columns until the table fits the given width with full row keys. It hides last columns only if narrowing the columns
// of row keys does not help. It returns the table and the names of the hidden columns.
func hideSpare(t *grid, width int) (*grid, []string) {
	if width == 0 || t.stream != nil || !slices.ContainsFunc(t.columns, func(c column) bool { return c.spare }) {
		return t, nil
	}
	l := measure(t, t.rows, 0)
	keep := slices.Repeat([]bool{true}, len(t.columns))
	l.hideColumns(keep, width, l.fullWidth, func(c column) bool { return c.spare && !c.last })
	l.hideColumns(keep, width, l.narrowedWidth, func(c column) bool { return c.spare })
	var out []string
	for i, c := range t.columns {
		if !keep[i] {
			out = append(out, c.name)
		}
	}
	return keepColumns(t, keep), out
}

// hideColumns hides columns for which canHide is true, the last first, until the others fit the width. widthOf returns the width of a
// column.
func (l *layout) hideColumns(keep []bool, width int, widthOf func(i int) int, canHide func(column) bool) {
	need := -len(gap)
	for i := range keep {
		if keep[i] {
			need += widthOf(i) + len(gap)
		}
	}
	for i := len(keep) - 1; i >= 0 && need > width; i-- {
		if keep[i] && canHide(l.columns[i]) {
			keep[i] = false
			need -= widthOf(i) + len(gap)
		}
	}
}

// fullWidth returns the width of column i if the columns of row keys are not narrowed. A column that can be hidden is never shortened.
func (l *layout) fullWidth(i int) int {
	if c := l.columns[i]; c.fixed || l.kinds[i] == keyColumn || c.spare && !c.prose {
		return l.widths[i]
	}
	return min(l.widths[i], narrowest)
}

// leastKey is the width to which the columns of row keys are narrowed before other columns are hidden or shortened further.
const leastKey = 20

// narrowedWidth returns the width of column i if the columns of row keys are narrowed.
func (l *layout) narrowedWidth(i int) int {
	if l.kinds[i] == keyColumn && !l.columns[i].fixed {
		return min(l.widths[i], leastKey)
	}
	return l.fullWidth(i)
}

// keepColumns returns the table with only the columns in keep.
func keepColumns(t *grid, keep []bool) *grid {
	kept := *t
	kept.columns = pick(t.columns, keep)
	kept.rows = make([][]string, len(t.rows))
	for i, row := range t.rows {
		kept.rows[i] = pick(row, keep)
	}
	return &kept
}

// filled returns the table without ifAny columns whose cells are all empty.
func filled(t *grid) *grid {
	if t.stream != nil || !slices.ContainsFunc(t.columns, func(c column) bool { return c.ifAny }) {
		return t
	}
	keep := make([]bool, len(t.columns))
	for i, c := range t.columns {
		keep[i] = !c.ifAny || slices.ContainsFunc(t.rows, func(row []string) bool { return i < len(row) && row[i] != "" })
	}
	return keepColumns(t, keep)
}

// stacked returns the table unchanged if it fits the given width. Otherwise it moves the columns marked below to lines below the rows.
func stacked(t *grid, width int) *grid {
	if width == 0 || t.stream != nil || !slices.ContainsFunc(t.columns, func(c column) bool { return c.below }) {
		return t
	}
	need := -len(gap)
	for _, w := range measure(t, t.rows, 0).widths {
		need += w + len(gap)
	}
	if need <= width {
		return t
	}
	keep := make([]bool, len(t.columns))
	var heads []string
	for i, c := range t.columns {
		if keep[i] = !c.below; c.below {
			heads = append(heads, c.name)
		}
	}
	kept := keepColumns(t, keep)
	kept.belowHead = strings.Join(heads, gap)
	for _, row := range t.rows {
		var parts []string
		for i, text := range row {
			if !keep[i] && text != "" {
				parts = append(parts, cell(text, t.columns[i]))
			}
		}
		kept.below = append(kept.below, strings.Join(parts, gap))
	}
	return kept
}

// pick returns the elements of list that keep selects. A row can have fewer cells than the table has columns.
func pick[T any](list []T, keep []bool) []T {
	var out []T
	for i, v := range list {
		if keep[i] {
			out = append(out, v)
		}
	}
	return out
}

// fitting is the order in which columns are narrowed, and to which width. A row key that does not fit gets a line of its own.
var fitting = []struct{ kind, least int }{
	{proseColumn, 30}, {keyColumn, 40}, {nameColumn, 16}, {keyColumn, leastKey}, {nameColumn, narrowest}, {proseColumn, narrowest}, {keyColumn, narrowest},
}

// fit narrows columns until all fit.
func (l *layout) fit(width int) {
	excess := -width - len(gap)
	for _, w := range l.widths {
		excess += w + len(gap)
	}
	for _, f := range fitting {
		for excess > 0 {
			i, step := l.widest(f.kind, f.least)
			if i < 0 {
				break
			}
			step = min(step, excess)
			l.widths[i] -= step
			excess -= step
		}
	}
}

// The kinds of columns by how they are fitted.
const (
	proseColumn = iota
	nameColumn
	keyColumn
)

// kindsOf returns the kinds of columns. The row key is the first column that is not a group column.
func kindsOf(columns []column) []int {
	first := slices.IndexFunc(columns, func(c column) bool { return !c.group })
	kinds := make([]int, len(columns))
	for i, c := range columns {
		switch {
		case c.prose:
			kinds[i] = proseColumn
		case c.key, i == first:
			kinds[i] = keyColumn
		default:
			kinds[i] = nameColumn
		}
	}
	return kinds
}

// widest returns the widest column of a kind that can be narrowed to least, or -1 if there is none. It also returns by how much: down to
// the next widest column, or by one if they are equal.
func (l *layout) widest(kind, least int) (column, step int) {
	widest, next := -1, least
	for i, c := range l.columns {
		if c.fixed || l.kinds[i] != kind || l.widths[i] <= least {
			continue
		}
		if widest >= 0 && l.widths[i] <= l.widths[widest] {
			next = max(next, l.widths[i])
			continue
		}
		if widest >= 0 {
			next = max(next, l.widths[widest])
		}
		widest = i
	}
	if widest < 0 {
		return -1, 0
	}
	return widest, max(1, l.widths[widest]-next)
}

// cells returns the cells to print for a row. It shortens all but row keys, and empties group cells that repeat the row of the previous
// call.
func (l *layout) cells(row []string) []string {
	cells := make([]string, len(l.columns))
	alike := l.row > 0
	if len(l.starts) > 0 && l.starts[0] == l.row {
		alike, l.starts = false, l.starts[1:]
	}
	l.row++
	for i, c := range l.columns {
		if i >= len(row) {
			break
		}
		alike = alike && c.group && i < len(l.above) && l.above[i] == row[i]
		if alike {
			continue
		}
		cells[i] = cell(row[i], c)
		switch {
		case !l.cut || c.fixed || c.wrap:
		case l.kinds[i] == keyColumn:
			cells[i] = shorten(cells[i], max(l.widths[i], longestWord), false)
		default:
			cells[i] = shorten(cells[i], l.widths[i], c.prose)
		}
	}
	l.above = append(l.above[:0], row...)
	return cells
}

// writeColumns writes a listing of any length in constant memory. The first rows set the widths.
func writeColumns(w *printer, t *grid, st style, width int) error {
	first, rows := t.begin()
	l := measure(t, first, width)
	if !t.noHead && len(first) > 0 {
		w.write(st.head(l.line(l.headings())) + "\n")
	}
	if t.belowHead != "" {
		w.write(st.head(gap+t.belowHead) + "\n")
	}
	return writeParts(w, rows, func(w *printer) func([]string) error {
		part := l
		return func(row []string) error {
			part.write(w, row, t.below, width)
			return w.err
		}
	})
}

// begin returns the first rows, at most measuredRows, and all rows.
func (g *grid) begin() (first [][]string, all parts[[]string]) {
	for part := range g.eachRow() {
		for row, err := range part {
			switch {
			case err != nil:
				return first, onePart(func(yield func([]string, error) bool) {
					for _, row := range first {
						if !yield(row, nil) {
							return
						}
					}
					yield(nil, err)
				})
			case len(first) == measuredRows:
				return first, g.eachRow()
			}
			first = append(first, slices.Clone(row))
		}
	}
	return first, each(first, func(row *[]string) []string { return *row })
}

// write writes a row and the lines below it. If a row with lines below it otherwise repeats the row above, it writes only those lines.
func (l *layout) write(w *printer, row, below []string, width int) {
	at := l.row
	for _, cells := range l.lines(row) {
		if line := l.line(cells); line != "" || below == nil {
			w.write(line + "\n")
		}
	}
	if below != nil {
		for _, line := range wrap(below[at], width-len(gap)) {
			w.write(gap + line + "\n")
		}
	}
}

// lines returns the cells of a row as cells does, in several lines if some do not fit: wrapped text continues on the lines below, and so do
// the columns after a row key that is wider than its column.
func (l *layout) lines(row []string) [][]string {
	cells := l.cells(row)
	if !l.cut {
		return [][]string{cells}
	}
	var lines [][]string
	line := func(k int) []string {
		for k >= len(lines) {
			lines = append(lines, make([]string, len(l.columns)))
		}
		return lines[k]
	}
	first := 0
	for i, c := range l.columns {
		if !c.wrap {
			if line(first)[i] = cells[i]; l.overflows(i, cells[i]) && slices.ContainsFunc(cells[i+1:], nonEmpty) {
				first++
			}
			continue
		}
		for k, text := range wrap(cells[i], l.widths[i]) {
			line(first + k)[i] = text
		}
	}
	return lines
}

// overflows reports whether text is a row key that is wider than column i.
func (l *layout) overflows(i int, text string) bool {
	return l.kinds[i] == keyColumn && !l.columns[i].fixed && displayWidth(text) > l.widths[i]
}

// hasOverflow reports whether a row key of t needs a line of its own, which tablewriter cannot draw.
func hasOverflow(t *grid, width int) bool {
	if width == 0 {
		return false
	}
	l := measure(t, t.rows, width)
	return slices.ContainsFunc(t.rows, func(row []string) bool {
		for i, text := range row[:min(len(row), len(t.columns))] {
			if l.overflows(i, cell(text, t.columns[i])) {
				return true
			}
		}
		return false
	})
}

func nonEmpty(s string) bool { return s != "" }

// headings returns the headings of the columns.
func (l *layout) headings() []string {
	return formsOf(l.columns, func(c *column) string { return c.name })
}

// line returns one line of cells without trailing spaces.
func (l *layout) line(cells []string) string {
	var b strings.Builder
	for i, text := range cells {
		if i > 0 {
			b.WriteString(gap)
		}
		b.WriteString(pad(text, l.widths[i], l.columns[i].right))
	}
	return strings.TrimRight(b.String(), " ")
}

// shorten cuts s to width columns. It cuts names in the middle, since they differ at both ends, and prose at the end.
func shorten(s string, width int, prose bool) string {
	if len(s) <= width || displayWidth(s) <= width {
		return s
	}
	width -= displayWidth(ellipsis)
	if prose {
		return strings.TrimRight(head(s, width), " ") + ellipsis
	}
	front := head(s, width/2)
	return front + ellipsis + tail(s[len(front):], width-width/2)
}

// head returns the longest prefix of s that fits width columns.
func head(s string, width int) string {
	for i, r := range s {
		if width -= displayWidth(string(r)); width < 0 {
			return s[:i]
		}
	}
	return s
}

// tail returns the longest suffix of s that fits width columns.
func tail(s string, width int) string {
	runes := []rune(s)
	at := len(runes)
	for at > 0 {
		if width -= displayWidth(string(runes[at-1])); width < 0 {
			break
		}
		at--
	}
	return string(runes[at:])
}
