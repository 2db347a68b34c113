package render

import (
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

const (
	// measuredRows is how many rows of a listing are looked at before the first is printed. A later row that needs more room
	// takes it.
	measuredRows = 200
	// narrowest is what a column is never made narrower than, however narrow the terminal.
	narrowest = 12
	ellipsis  = "…"
)

// A layout is how wide the columns of a table are.
type layout struct {
	columns []Column
	widths  []int    // what the widest cell needs, or what it is cut to
	cut     bool     // whether cells are shortened to widths
	starts  []int    // the rows, still to come, that are like none above them
	row     int      // how many rows were shown
	above   []string // the row that was shown last
}

// measure returns the layout for rows that fits a terminal of that width: the widest columns are made narrower first. With
// width 0, and where that is not enough, columns are as wide as they need.
func measure(t *Grid, rows [][]string, width int) layout {
	l := layout{columns: t.Columns, widths: make([]int, len(t.Columns)), cut: width > 0, starts: t.Starts}
	for i, c := range t.Columns {
		if !t.NoHead {
			l.widths[i] = twwidth.Width(c.Name)
		}
		for _, row := range rows {
			if i < len(row) {
				l.widths[i] = max(l.widths[i], twwidth.Width(cell(row[i], c)))
			}
		}
	}
	if width > 0 {
		l.fit(width)
	}
	return l
}

// roomy returns a table without the spare columns that keep it from fitting a terminal of that width with the rows' keys whole, and
// the names of the columns that it left out. It leaves out the columns that are the last to go where even shortened keys leave no room.
func roomy(t *Grid, width int) (*Grid, []string) {
	if width == 0 || t.Stream != nil || !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Spare }) {
		return t, nil
	}
	l := measure(t, t.Rows, 0)
	keep := make([]bool, len(t.Columns))
	for i := range keep {
		keep[i] = true
	}
	l.leaveOut(keep, width, l.wholeRoom, func(c Column) bool { return c.Spare && !c.Last })
	l.leaveOut(keep, width, l.leastRoom, func(c Column) bool { return c.Spare })
	var out []string
	for i, c := range t.Columns {
		if !keep[i] {
			out = append(out, c.Name)
		}
	}
	return keepColumns(t, keep), out
}

// leaveOut leaves out columns that may go, the last first, until the others fit the width. room returns what a column needs.
func (l *layout) leaveOut(keep []bool, width int, room func(i int) int, mayGo func(Column) bool) {
	need := -len(gap)
	for i := range keep {
		if keep[i] {
			need += room(i) + len(gap)
		}
	}
	for i := len(keep) - 1; i >= 0 && need > width; i-- {
		if keep[i] && mayGo(l.columns[i]) {
			keep[i] = false
			need -= room(i) + len(gap)
		}
	}
}

// wholeRoom returns the columns that column i needs if the keys of rows are whole. A column that may go is whole or goes.
func (l *layout) wholeRoom(i int) int {
	if c := l.columns[i]; c.Fixed || l.turnOf(i) == keyTurn || c.Spare && !c.Prose {
		return l.widths[i]
	}
	return min(l.widths[i], narrowest)
}

// leastKey is how narrow the key of a row becomes before columns that are the last to go are left out.
const leastKey = 20

// leastRoom returns the columns that column i needs if the keys of rows are shortened.
func (l *layout) leastRoom(i int) int {
	if l.turnOf(i) == keyTurn && !l.columns[i].Fixed {
		return min(l.widths[i], leastKey)
	}
	return l.wholeRoom(i)
}

// keepColumns returns a table with only the columns that are to be kept.
func keepColumns(t *Grid, keep []bool) *Grid {
	kept := *t
	kept.Columns = pick(t.Columns, keep)
	kept.Rows = make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		kept.Rows[i] = pick(row, keep)
	}
	return &kept
}

// filled returns a table without the columns that are there only where a row has something in them, and none has.
func filled(t *Grid) *Grid {
	if t.Stream != nil || !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.IfAny }) {
		return t
	}
	keep := make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		keep[i] = !c.IfAny || slices.ContainsFunc(t.Rows, func(row []string) bool { return i < len(row) && row[i] != "" })
	}
	return keepColumns(t, keep)
}

// stacked returns a table that is too wide for a terminal of that width with the columns that can stand below the rows put there.
func stacked(t *Grid, width int) *Grid {
	if width == 0 || t.Stream != nil || !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Below }) {
		return t
	}
	need := -len(gap)
	for _, w := range measure(t, t.Rows, 0).widths {
		need += w + len(gap)
	}
	if need <= width {
		return t
	}
	keep := make([]bool, len(t.Columns))
	var heads []string
	for i, c := range t.Columns {
		if keep[i] = !c.Below; c.Below {
			heads = append(heads, c.Name)
		}
	}
	kept := keepColumns(t, keep)
	kept.belowHead = strings.Join(heads, gap)
	for _, row := range t.Rows {
		var parts []string
		for i, text := range row {
			if !keep[i] && text != "" {
				parts = append(parts, cell(text, t.Columns[i]))
			}
		}
		kept.below = append(kept.below, strings.Join(parts, gap))
	}
	return kept
}

// pick returns the elements of list that are to be kept. A row can be shorter than its table is wide.
func pick[T any](list []T, keep []bool) []T {
	var out []T
	for i, v := range list {
		if keep[i] {
			out = append(out, v)
		}
	}
	return out
}

// fit lowers the widths of the columns that may be shortened until all fit: first of prose, then of names, and last of the names
// by which a row is told from the next.
func (l *layout) fit(width int) {
	excess := -width - len(gap)
	for _, w := range l.widths {
		excess += w + len(gap)
	}
	for turn := proseTurn; turn <= keyTurn; turn++ {
		for excess > 0 {
			i, step := l.widest(turn)
			if i < 0 {
				break
			}
			step = min(step, excess)
			l.widths[i] -= step
			excess -= step
		}
	}
}

// The turns in which columns are made narrower.
const (
	proseTurn = iota
	nameTurn
	keyTurn
)

// turnOf returns when column i is made narrower. The key of a row is the first column that is the row's own.
func (l *layout) turnOf(i int) int {
	switch {
	case l.columns[i].Prose:
		return proseTurn
	case l.columns[i].Key, i == slices.IndexFunc(l.columns, func(c Column) bool { return !c.Group }):
		return keyTurn
	}
	return nameTurn
}

// widest returns the widest of the columns whose turn it is that may be made narrower, -1 where there is none, and by how much: down to
// the next widest, and by one where they are equal.
func (l *layout) widest(turn int) (column, step int) {
	widest, next := -1, narrowest
	for i, c := range l.columns {
		if c.Fixed || l.turnOf(i) != turn || l.widths[i] <= narrowest {
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

// cells returns the cells of a row as they are shown below the row that it was asked for last: shortened, and empty in the columns of a group
// that goes on.
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
		alike = alike && c.Group && i < len(l.above) && l.above[i] == row[i]
		if alike {
			continue
		}
		cells[i] = cell(row[i], c)
		if l.cut && !c.Fixed && !c.Wrap {
			cells[i] = shorten(cells[i], l.widths[i], c.Prose)
		}
	}
	l.above = append(l.above[:0], row...)
	return cells
}

// writeColumns writes a listing of any length in constant memory. Its widths are those of the first rows.
func writeColumns(w *printer, t *Grid, st style, width int) error {
	var first [][]string
	var l layout
	begun := false
	begin := func() {
		begun = true
		l = measure(t, first, width)
		if !t.NoHead && len(first) > 0 {
			w.write(st.head(l.line(l.headings())) + "\n")
		}
		if t.belowHead != "" {
			w.write(st.head(gap+t.belowHead) + "\n")
		}
		for _, row := range first {
			l.write(w, row, t.below, width)
		}
	}
	for row, err := range t.rows() {
		if err != nil {
			if !begun {
				begin()
			}
			return err
		}
		if !begun {
			first = append(first, append([]string(nil), row...))
			if len(first) == measuredRows {
				begin()
			}
			continue
		}
		if l.write(w, row, t.below, width); w.err != nil {
			return w.err
		}
	}
	if !begun {
		begin()
	}
	return nil
}

// write writes a row and what stands below it. A row with something below it that is like the row above in all else takes no line.
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

// lines returns the cells of a row as cells does, and those of the lines in which the cells that are wrapped go on.
func (l *layout) lines(row []string) [][]string {
	lines := [][]string{l.cells(row)}
	for i, c := range l.columns {
		if !l.cut || !c.Wrap {
			continue
		}
		for k, text := range wrap(lines[0][i], l.widths[i]) {
			if k == len(lines) {
				lines = append(lines, make([]string, len(l.columns)))
			}
			lines[k][i] = text
		}
	}
	return lines
}

// headings returns the headings of the columns.
func (l *layout) headings() []string {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.Name
	}
	return names
}

// line returns one line of cells, without spaces at its end.
func (l *layout) line(cells []string) string {
	var b strings.Builder
	for i, text := range cells {
		if i > 0 {
			b.WriteString(gap)
		}
		b.WriteString(pad(text, l.widths[i], l.columns[i].Right))
	}
	return strings.TrimRight(b.String(), " ")
}

// shorten cuts s to width columns: its middle goes, since names differ at both ends, or of prose its end.
func shorten(s string, width int, prose bool) string {
	if len(s) <= width || twwidth.Width(s) <= width {
		return s
	}
	width -= twwidth.Width(ellipsis)
	if prose {
		return strings.TrimRight(head(s, width), " ") + ellipsis
	}
	front := head(s, width/2)
	return front + ellipsis + tail(s[len(front):], width-width/2)
}

// head returns as much of the beginning of s as fits width columns.
func head(s string, width int) string {
	for i, r := range s {
		if width -= twwidth.Width(string(r)); width < 0 {
			return s[:i]
		}
	}
	return s
}

// tail returns as much of the end of s as fits width columns.
func tail(s string, width int) string {
	runes := []rune(s)
	at := len(runes)
	for at > 0 {
		if width -= twwidth.Width(string(runes[at-1])); width < 0 {
			break
		}
		at--
	}
	return string(runes[at:])
}
