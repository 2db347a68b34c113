// Package render prints facts as tables, tab-separated lines, markdown, JSON or DOT. It contains all of the presentation and none of the
// analysis: it prints the structs of the packages inspect, diff, checkpoint and rewrite.
//
// Each section of show has a function that turns its struct into a View, and Show prints views in any format. Diff prints a comparison,
// Picture a graph in DOT, and PrintNotice the report of a rewriting command.
package render

import (
	"fmt"
	"io"
	"iter"
)

// formatVersion is the "format_version" of JSON output. Within a version, fields are added but not removed or changed.
const formatVersion = 1

// A Format is an output format.
type Format string

// The formats. Auto is Table on a terminal and TSV elsewhere.
const (
	Auto     Format = "auto"
	Table    Format = "table"
	TSV      Format = "tsv"
	Markdown Format = "markdown"
	JSON     Format = "json"
	HTML     Format = "html" // package page writes it
)

// ShowFormats are the formats of show: those that Show prints, and those of Picture, PrintSARIF and package page.
var ShowFormats = []Format{Auto, Table, TSV, Markdown, JSON, DOT, HTML, SARIF}

// Options configures how views are printed. The zero value is TSV without color.
type Options struct {
	File     string // name of the file, for JSON
	Format   Format // "" means Auto
	Raw      bool   // print only the values, one per line; overrides Format
	Terminal bool   // whether the output goes to a terminal; selects the format of Auto
	Color    bool   // use color in tables
	Width    int    // columns of the terminal, to which tables are fitted; 0 for no limit
	Expand   string // in a picture, how to expand a scope that is not
	Filtered bool   // whether filters are set; then an empty table says nothing about the file
	// Several means that other files are shown too. Then each file gets a heading. In TSV, each line starts with the name of the file. In
	// JSON, each file is one line.
	Several bool
	// Tags is the comma-separated tag-set of the MetaGraphDef if several MetaGraphDefs of File are shown, and nil otherwise.
	Tags *string
}

// name returns the heading for one of several files.
func (o Options) name() string {
	if o.Tags == nil {
		return o.File
	}
	return o.File + " (tags " + texts([]string{*o.Tags})[0] + ")"
}

// format returns the format for printing v. It resolves Auto.
func (o Options) format(v View) Format {
	switch {
	case o.Format != "" && o.Format != Auto:
		return o.Format
	case o.Terminal || v.sameEverywhere:
		return Table
	}
	return TSV
}

// A View is one section, ready for printing. It has the same facts as tables for people, as values for scripts, and as fields for
// programs. Sequences are computed while they are printed.
type View struct {
	section        string        // what Named sets
	Tables         []grid        // in the order in which they are printed
	lines          *grid         // for TSV instead of Tables; nil: Tables
	Values         parts[string] // printed by --raw
	fields         []member      // members of the top-level JSON object
	sameEverywhere bool          // print a table even if Auto means TSV

	later func() (View, error) // makes the view when it is printed; nil for a view with the other fields
}

// Named returns v with the name of its section, which is its heading next to other sections.
func (v View) Named(section string) View {
	v.section = section
	return v
}

// Later returns a view that f makes when it is printed, so that facts of several sections are not in memory together. An error of f is
// that of printing.
func Later(f func() (View, error)) View { return View{later: f} }

// now returns the view itself, which may have to be made.
func (v View) now() (View, error) {
	if v.later == nil {
		return v, nil
	}
	made, err := v.later()
	return made.Named(v.section), err
}

// A member is a member of a JSON object. If value is of type parts[any], it is an array that is computed while it is written.
type member struct {
	key   string
	value any
}

// A grid is a table. Its cells are the unchanged text of the file. The printer escapes, aligns and shortens them.
type grid struct {
	title   string // name of the table, such as "inputs", if the view has several; starts each TSV line
	columns []column
	rows    [][]string      // in order; missing cells at the end of a row are empty
	stream  parts[[]string] // replaces rows with rows that are computed while they are printed; the slice is reused
	note    string          // a line below the table for people, such as a total
	empty   string          // the line that replaces note if the table has no rows
	starts  []int           // rows, in order, in which group cells are never left empty
	noHead  bool            // no headings, as for a list of keys and values

	below     []string // lines below each row, which replace the columns marked below
	belowHead string   // headings of these columns
}

// A column is one column of a grid.
type column struct {
	name  string // heading
	right bool   // align right, as for numbers
	fixed bool   // never shorten to fit the terminal
	prose bool   // prose: shorten at the end, not in the middle
	tree  string // separator of paths; a table shows the last part of a path, indented below the row of its parent
	spare bool   // hide the column if the row keys need its space; the last such column is hidden first
	last  bool   // hide this spare column after all others, and only if shortening the row keys does not help
	comma bool   // print numbers with thousands separators
	wrap  bool   // wrap long cells instead of shortening them
	key   bool   // a name that users copy: shorten it last, like the first column
	below bool   // move the column to a line below the row if the table is too wide
	ifAny bool   // hide the column if all its cells are empty
	group bool   // leave a cell empty if it and all cells before it equal those above
}

// namedColumns returns left-aligned columns with the given headings.
func namedColumns(names ...string) []column {
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i].name = name
	}
	return columns
}

// factColumns returns the columns of a list of facts.
func factColumns() []column {
	return []column{{name: "what", fixed: true}, {name: "answer", prose: true, wrap: true}}
}

// optional returns a column that is hidden if all its cells are empty.
func optional(c column) column {
	c.ifAny = true
	return c
}

// spareColumn returns a numberColumn that is hidden if the row keys need its space.
func spareColumn(name string) column {
	c := numberColumn(name)
	c.spare = true
	return c
}

// numberColumn returns a column for numbers, which is right-aligned and never shortened.
func numberColumn(name string) column {
	return column{name: name, right: true, fixed: true, comma: true}
}

// formsOf returns the forms of the elements of a list, such as their rows.
func formsOf[T, R any](list []T, form func(*T) R) []R {
	forms := make([]R, len(list))
	for i := range list {
		forms[i] = form(&list[i])
	}
	return forms
}

// eachRow returns the rows of the grid, from rows or stream.
func (g *grid) eachRow() parts[[]string] {
	if g.stream != nil {
		return g.stream
	}
	return each(g.rows, func(row *[]string) []string { return *row })
}

// caption returns the line below the table, or "". rows reports whether the table has any.
func (g *grid) caption(rows bool) string {
	if !rows && g.empty != "" {
		return g.empty
	}
	return g.note
}

// fill sets the rows of the grid. If there are more than most, they are computed while they are printed.
func (g *grid) fill(most int, rows iter.Seq2[[]string, error]) {
	for row, err := range rows {
		if err != nil || len(g.rows) == most {
			g.rows, g.stream = nil, onePart(rows)
			return
		}
		g.rows = append(g.rows, row)
	}
}

// Show prints views in order. It returns the first error of w or of a sequence in a view.
func Show(w io.Writer, views []View, o Options) error {
	p := newPrinter(w)
	if err := show(p, views, o); err != nil {
		// Print everything that was computed before the error.
		_ = p.flush()
		return err
	}
	return p.flush()
}

func show(w *printer, views []View, o Options) error {
	if o.Raw {
		return showRaw(w, views)
	}
	if o.Format == JSON {
		return showJSON(w, views, o)
	}
	st := style{color: o.Color}
	lines := ""
	if o.Several {
		lines = Text(o.name()) + "\t"
	}
	for i, v := range views {
		v, err := v.now()
		if err != nil {
			return err
		}
		format := o.format(v)
		if i > 0 && format != TSV {
			w.write("\n")
		}
		if i == 0 && o.Several {
			fileHeading(w, format, st, o.name())
		}
		switch format {
		case Table:
			err = showTables(w, v, len(views) > 1, st, o)
		case TSV:
			err = showTSV(w, v, lines, len(views) > 1)
		case Markdown:
			err = showMarkdown(w, v)
		default:
			err = fmt.Errorf("unknown format %q", format)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fileHeading prints the heading for one of several files.
func fileHeading(w *printer, format Format, st style, name string) {
	switch format {
	case Table:
		w.write(st.title("==> "+Text(name)+" <==") + "\n")
	case Markdown:
		w.write("# " + markdownText(Text(name)) + "\n\n")
	}
}

// showRaw prints only the values, one per line. It quotes values that are not printable or span several lines.
func showRaw(w *printer, views []View) error {
	for _, v := range views {
		v, err := v.now()
		if err != nil {
			return err
		}
		if v.Values == nil {
			continue
		}
		err = writeParts(w, v.Values, func(w *printer) func(string) error {
			return func(value string) error {
				w.write(rawText(value), "\n")
				return w.err
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
