// Package render prints facts: as a table for people, tab-separated for scripts, as markdown or as JSON. It holds all of the
// presentation and none of the analysis; what it prints are the structs of package inspect and diff.
//
// The files: render.go, what a section hands over (View, Table) and how views become output; table.go, columns.go, tsv.go,
// markdown.go and json.go, the formats; dot.go, the picture of the scopes; text.go and quantity.go, how strings and
// numbers are made fit to be looked at; protojson.go, messages in JSON; style.go, color; printer.go, what all of these print with.
// Each section of show has a file of its own that turns its struct into a View; report.go, export.go and import.go say what a
// rewrite did, and diff*.go what differs.
package render

import (
	"fmt"
	"io"
	"iter"
)

// FormatVersion is the "format_version" of JSON output. Fields are only ever added to it.
const FormatVersion = 1

// A Format says how facts are printed.
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

// Options says how views are printed. The zero value is TSV-like Auto without color.
type Options struct {
	File     string // name of the file, for JSON
	Format   Format // "" is Auto
	Raw      bool   // the values alone, one a line, whatever Format says
	Terminal bool   // whether the output goes to a terminal: what Auto goes by
	Color    bool   // whether tables may use color
	Width    int    // columns of the terminal, to which tables are cut; 0 for as wide as it takes
	Filtered bool   // whether filters were given: a table without rows says nothing about the file then
	// Several says that other files are shown too: each is printed under its name, in tab-separated lines before each line, and in JSON
	// on a line of its own.
	Several bool
	// Tags is the tag-set of the MetaGraphDef, comma-separated, if File is shown once for each of several; else nil.
	Tags *string
}

// name returns the name under which one of several files is shown.
func (o Options) name() string {
	if o.Tags == nil {
		return o.File
	}
	return o.File + " (tags " + texts([]string{*o.Tags})[0] + ")"
}

// format returns the format in which v is printed.
func (o Options) format(v View) Format {
	switch {
	case o.Format != "" && o.Format != Auto:
		return o.Format
	case o.Terminal || v.SameEverywhere:
		return Table
	}
	return TSV
}

// A View is one section made ready to be printed: the same facts as tables for people, as values for scripts and as fields
// for programs. What comes as a sequence is computed while it is printed.
type View struct {
	Section        string                   // name of the section on the command line
	Tables         []Grid                   // in the order in which they are printed
	Values         iter.Seq2[string, error] // what --raw prints
	Fields         []Member                 // what JSON gets, at the top level of its one object
	SameEverywhere bool                     // a table also where Auto would be TSV
}

// A Member is a member of a JSON object. A Value of type Elements is an array that is written while it is computed.
type Member struct {
	Key   string
	Value any
}

// Elements is the elements of a JSON array, one after the other. It ends at the first error.
type Elements iter.Seq2[any, error]

// A Grid is a table: cells as they stand in the file. Escaping, alignment and shortening are the printer's.
type Grid struct {
	Title   string // what the rows are, such as "inputs"; TSV with several tables begins each line with it
	Columns []Column
	Rows    [][]string                 // in order; a short row has empty cells at its end
	Stream  iter.Seq2[[]string, error] // rows that are computed while they are printed, in place of Rows; the slice may be used again
	Note    string                     // a line below the table for people: what is not shown, or that there is nothing
	Starts  []int                      // rows, in order, of which nothing is left empty for being like the row above
	NoHead  bool                       // the columns have no heading: a list of keys and values

	below     []string // what stands below each row, in place of the columns that do
	belowHead string   // the headings of those columns
}

// A Column is one column of a Grid.
type Column struct {
	Name  string // its heading
	Right bool   // aligned to the right: numbers
	Fixed bool   // never shortened to make the table fit the terminal
	Prose bool   // text to read: where it must be shortened, its end goes, not its middle
	Tree  string // in a table, a path with this between its parts is its last part, indented: a row stands below that of its parent
	Spare bool   // in a table, left out where the names of the rows need the room; the last such column first
	Last  bool   // of spare columns, left out after all others, and only where even shortened names of the rows leave no room
	Comma bool   // in a table, commas between the thousands of a number
	Wrap  bool   // in a table, what does not fit goes on in the next line, rather than being shortened
	Key   bool   // a name to be typed again: shortened last, as the first column of a row is
	Below bool   // in a table that is too wide for the terminal, stands with all such columns in lines of its own below the row
	IfAny bool   // in a table, left out where all its cells are empty
	Group bool   // in a table, a cell like the one above it is left empty where all columns before it are alike too
}

// Columns returns left-aligned columns with these headings.
func Columns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}

// Number returns a column for numbers: aligned to the right and never shortened.
func Number(name string) Column { return Column{Name: name, Right: true, Fixed: true, Comma: true} }

// Lines returns the sequence of the given values, for View.Values.
func Lines(values []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// rows returns the rows of the grid wherever they come from.
func (g *Grid) rows() iter.Seq2[[]string, error] {
	if g.Stream != nil {
		return g.Stream
	}
	return func(yield func([]string, error) bool) {
		for _, row := range g.Rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Show prints views in order. The error is the first of w, or of a sequence in a view.
func Show(w io.Writer, views []View, o Options) error {
	p := newPrinter(w)
	if err := show(p, views, o); err != nil {
		// What was computed before the error is still the user's.
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
	style := newStyle(o.Color)
	lines := ""
	if o.Several {
		lines = Text(o.name()) + "\t"
	}
	for i, v := range views {
		format := o.format(v)
		if i > 0 && format != TSV {
			w.write("\n")
		}
		if i == 0 && o.Several {
			fileHeading(w, format, style, o.name())
		}
		var err error
		switch format {
		case Table:
			err = showTables(w, v, len(views) > 1, style, o)
		case TSV:
			err = showTSV(w, v, lines, len(views) > 1)
		case Markdown:
			err = showMarkdown(w, v)
		default:
			err = fmt.Errorf("print as %q: there is no such format", format)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fileHeading prints the name of one of several files above what is shown of it.
func fileHeading(w *printer, format Format, st style, name string) {
	switch format {
	case Table:
		w.write(st.title("==> "+Text(name)+" <==") + "\n")
	case Markdown:
		w.write("# " + markdownText(Text(name)) + "\n\n")
	}
}

// showRaw prints only the values. A value that would take several lines or is not printable is quoted.
func showRaw(w *printer, views []View) error {
	for _, v := range views {
		if v.Values == nil {
			continue
		}
		for value, err := range v.Values {
			if err != nil {
				return err
			}
			w.write(rawText(value))
			if w.write("\n"); w.err != nil {
				return w.err
			}
		}
	}
	return nil
}

// ParseFormat returns the format of that name. The empty name is Auto.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case Auto, Table, TSV, Markdown, JSON, DOT, HTML, SARIF:
		return f, nil
	case "":
		return Auto, nil
	}
	return Auto, fmt.Errorf("unknown format %q; use %s, %s, %s, %s, %s, %s, %s or %s", name, Auto, Table, TSV, Markdown, JSON, DOT, HTML, SARIF)
}
