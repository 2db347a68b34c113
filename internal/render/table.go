package render

import (
	"bytes"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// gap is what stands between two columns.
const gap = "  "

// tableRows is up to how many rows tablewriter lays out a table. It takes seconds and half a gigabyte for a hundred thousand; longer listings
// are written by writeColumns, which looks the same.
const tableRows = 1000

// showTables prints a view as aligned columns. Where several sections are printed, each table has a heading with the
// section's name; where the section has several tables, with the title of the table.
func showTables(w *printer, v View, several bool, st style, o Options) error {
	for i := range v.Tables {
		t, without := roomy(filled(&v.Tables[i]), o.Width)
		t = stacked(t, o.Width)
		if i > 0 {
			w.write("\n")
		}
		if heading := tableHeading(v, t, several); heading != "" {
			w.write(st.title(Text(heading)) + "\n")
		}
		before := w.written
		write := writeTable
		if t.Stream != nil || t.below != nil || len(t.Rows) > tableRows {
			write = writeColumns
		}
		if err := write(w, t, st, o.Width); err != nil {
			return err
		}
		note := t.Note
		switch {
		case w.written > before:
		case o.Filtered:
			note = nothingMatches
		case note == "":
			note = "none"
		}
		notes := []string{note}
		if len(without) > 0 && w.written > before {
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

// nothingMatches is printed in place of a table in which filters leave nothing.
const nothingMatches = "nothing matches"

// tableHeading returns what stands above a table, "" where it is the only one.
func tableHeading(v View, t *Grid, several bool) string {
	title := ""
	if len(v.Tables) > 1 {
		title = t.Title
	}
	switch {
	case !several || v.Section == title:
		return title
	case title == "":
		return v.Section
	}
	return v.Section + ": " + title
}

// writeTable lays out a table that is all in memory, nothing where it has no rows.
func writeTable(w *printer, t *Grid, st style, width int) error {
	if len(t.Rows) == 0 {
		return nil
	}
	layout := measure(t, t.Rows, width)
	var out bytes.Buffer
	table := tablewriter.NewTable(&out, tableOptions(t.Columns)...)
	if !t.NoHead {
		table.Header(layout.headings())
	}
	var keys []string
	for _, row := range t.Rows {
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
	// Color comes last, since tablewriter has ideas of its own about it. No cell has two lines, so that a line is one of cells.
	row := 0
	for line := range bytes.Lines(out.Bytes()) {
		text := strings.TrimRight(string(line), " \n")
		switch {
		case t.NoHead:
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

// tableOptions makes tablewriter write columns with nothing but spaces between them, and cells and headings as they are.
func tableOptions(columns []Column) []tablewriter.Option {
	align := tw.CellAlignment{PerColumn: make([]tw.Align, len(columns))}
	for i, c := range columns {
		align.PerColumn[i] = tw.AlignLeft
		if c.Right {
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
