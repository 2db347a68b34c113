package render

import (
	"bytes"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// gap separates two columns.
const gap = "  "

// tableRows is the largest number of rows that tablewriter lays out. For 100,000 rows it needs seconds and 500 MB, so writeColumns prints
// longer listings, in the same style.
const tableRows = 1000

// showTables prints a view as aligned columns. If several sections are printed, the heading of a table has the name of the section. If
// the section has several tables, it has the title of the table.
func showTables(w *printer, v View, several bool, st style, o Options) error {
	for i := range v.Tables {
		t, without := hideSpare(filled(&v.Tables[i]), o.Width)
		t = stacked(t, o.Width)
		if i > 0 {
			w.write("\n")
		}
		if heading := tableHeading(v, t, several); heading != "" {
			w.write(st.title(Text(heading)) + "\n")
		}
		before := w.written
		write := writeTable
		if t.stream != nil || t.below != nil || len(t.rows) > tableRows || hasOverflow(t, o.Width) {
			write = writeColumns
		}
		if err := write(w, t, st, o.Width); err != nil {
			return err
		}
		rows := w.written > before
		notes := []string{t.caption(rows)}
		switch {
		case !rows && o.Filtered:
			notes[0] = nothingMatches
		case !rows && notes[0] == "":
			notes[0] = "none"
		case rows && len(without) > 0:
			notes = append(notes, "hidden columns (terminal too narrow): "+strings.Join(without, ", "))
		}
		if showNotes(w, notes, st, o.Width); w.err != nil {
			return w.err
		}
	}
	return nil
}

// showNotes prints the notes below a table, wrapped to the width.
func showNotes(w *printer, notes []string, st style, width int) {
	for _, note := range notes {
		if note == "" {
			continue
		}
		lines := []string{Text(note)}
		if width > 0 {
			lines = WrapWords(lines[0], width)
		}
		for _, line := range lines {
			w.write(st.note(line) + "\n")
		}
	}
}

// nothingMatches is printed instead of a table that the filters leave empty.
const nothingMatches = "nothing matches"

// tableHeading returns the heading of a table, or "" if it is the only table.
func tableHeading(v View, t *grid, several bool) string {
	title := ""
	if len(v.Tables) > 1 {
		title = t.title
	}
	switch {
	case !several || v.section == title:
		return title
	case title == "":
		return v.section
	}
	return v.section + ": " + title
}

// writeTable prints a table whose rows are all in memory. It prints nothing for a table without rows.
func writeTable(w *printer, t *grid, st style, width int) error {
	if len(t.rows) == 0 {
		return nil
	}
	layout := measure(t, t.rows, width)
	var out bytes.Buffer
	table := tablewriter.NewTable(&out, tableOptions(t.columns)...)
	if !t.noHead {
		table.Header(layout.headings())
	}
	var keys []string
	for _, row := range t.rows {
		for _, cells := range layout.lines(row) {
			keys = append(keys, cells[0])
			if err := table.Append(cells); err != nil {
				return err
			}
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	// Add color after the layout, since tablewriter would change it. No cell has line breaks, so each line is a row.
	row := 0
	for line := range bytes.Lines(out.Bytes()) {
		text := strings.TrimRight(string(line), " \n")
		switch {
		case t.noHead:
			key := min(len(keys[row]), len(text))
			text = st.head(text[:key]) + text[key:]
		case row == 0:
			text = st.head(text)
		}
		row++
		if w.write(text + "\n"); w.err != nil {
			return w.err
		}
	}
	return nil
}

// tableOptions makes tablewriter separate columns by spaces only, and leave cells and headings unchanged.
func tableOptions(columns []column) []tablewriter.Option {
	align := tw.CellAlignment{PerColumn: make([]tw.Align, len(columns))}
	for i, c := range columns {
		align.PerColumn[i] = tw.AlignLeft
		if c.right {
			align.PerColumn[i] = tw.AlignRight
		}
	}
	return []tablewriter.Option{
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
		})),
		tablewriter.WithPadding(tw.Padding{Right: gap, Overwrite: true}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(align),
		tablewriter.WithRowAlignmentConfig(align),
	}
}
